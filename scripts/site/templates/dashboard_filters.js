// What the reader filters: the controls, the address that keeps it, and the start
// of the page. It comes after dashboard_figures.js and dashboard.js.

// The address.

// Returns what is wrong with a day, or nothing. Days are compared as texts, so
// that no time zone can move them.
function dayProblem(day) {
  const time = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00Z`) : NaN;
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day) {
    return "is not a date";
  }
  return day < data.first_date || day > data.last_date
    ? `is not between ${dayWords(data.first_date)} and ${dayWords(data.last_date)}`
    : "";
}

const isReversed = ({ from, to }) => Boolean(from && to && from > to);

// Returns the dates of whole months where the cells have no days.
function snapped(found) {
  if (data.by_order) return found;
  const { from, to } = found;
  return { ...found, from: from && monthOf(from), to: to && monthEnd(to) };
}

function readAddress(hash) {
  const found = emptyState();
  const ignored = [];
  const text = hash.slice(1);
  // An anchor of the page, such as that of the skip link, is not a filter.
  const pairs = text && get(text) ? [] : new URLSearchParams(text);
  for (const [name, value] of pairs) {
    if (known.get(name)?.has(value)) {
      if (!found[name].includes(value)) found[name].push(value);
    } else if (name === "from" || name === "to") {
      found[name] = value;
    } else {
      ignored.push(`${name}=${value}`.slice(0, 60));
    }
  }
  // One date without the other would be a range that nobody asked for.
  const days = ["from", "to"].filter((name) => found[name]);
  if (isReversed(found) || days.some((name) => dayProblem(found[name]))) {
    ignored.push(...days.map((name) => `${name}=${found[name]}`.slice(0, 60)));
    found.from = found.to = "";
  }
  return { found: snapped(found), ignored };
}

function writeAddress() {
  const pairs = [];
  for (const name of Object.keys(COLUMNS)) {
    for (const value of state[name]) pairs.push([name, value]);
  }
  for (const name of ["from", "to"]) {
    if (state[name]) pairs.push([name, state[name]]);
  }
  const hash = pairs.length ? `#${new URLSearchParams(pairs)}` : "";
  if (hash !== location.hash) {
    history.pushState(null, "", hash || location.pathname + location.search);
  }
}

// The controls.

function toggle(name, value) {
  if (!known.get(name).has(value)) return;
  state[name] = state[name].includes(value)
    ? state[name].filter((one) => one !== value)
    : [...state[name], value];
}

function pickMonth(month) {
  const from = month < data.first_date ? data.first_date : month;
  const end = monthEnd(month);
  const to = end > data.last_date ? data.last_date : end;
  const isPicked = state.from === from && state.to === to;
  Object.assign(state, isPicked ? { from: "", to: "" } : { from, to });
}

// Shows the state, and puts it into the controls and the address.
function go() {
  setControls();
  showProblem("");
  writeAddress();
  show();
}

function setControls() {
  for (const control of filters.elements) {
    if (control.type === "checkbox") {
      control.checked = state[control.name].includes(control.value);
    } else if (control.type === "date") {
      control.value = state[control.name];
      markDate(control, false);
    }
  }
  filters.querySelector(".countries").open ||= state.country.length > 0;
}

// Links a date to the message, or unlinks it.
function markDate(control, isWrong) {
  const marks = { "aria-invalid": "true", "aria-describedby": "problem" };
  for (const [name, value] of Object.entries(marks)) {
    if (isWrong) control.setAttribute(name, value);
    else control.removeAttribute(name);
  }
}

// While a year is typed digit by digit, it passes through 0002, 0020 and 0200.
const isUnfinished = ({ type, validity, value }) =>
  type === "date" && (validity.badInput || (value !== "" && value < "1000"));

// Checks a date that the reader leaves unfinished.
function finish({ target }) {
  if (isUnfinished(target)) readControls();
}

// Invalid dates stay in their fields to be corrected; until then neither of the
// two is used.
function readControls() {
  const form = new FormData(filters);
  const next = { ...state };
  for (const name of Object.keys(COLUMNS)) next[name] = form.getAll(name);
  const problems = [];
  for (const name of ["from", "to"]) {
    const control = filters.elements[name];
    const problem = control.validity.badInput
      ? "is not a date"
      : control.value && dayProblem(control.value);
    markDate(control, Boolean(problem));
    next[name] = control.value;
    if (problem) problems.push(`The date in “${name}” ${problem}.`);
  }
  if (!problems.length && isReversed(next)) {
    problems.push("The first day is after the last.");
    markDate(filters.elements.from, true);
    markDate(filters.elements.to, true);
  }
  if (problems.length) {
    problems.push("The dates are not used.");
    next.from = next.to = "";
  }
  state = snapped(next);
  if (!problems.length && !data.by_order) setControls();
  showProblem(problems.join(" "));
  writeAddress();
  show();
}

function openAddress() {
  const { found, ignored } = readAddress(location.hash);
  state = found;
  setControls();
  showProblem(
    ignored.length ? `Ignored in the address: ${ignored.join(", ")}` : "",
  );
  show();
}

// Start.

for (const name of ["from", "to"]) {
  filters.elements[name].min = data.first_date;
  filters.elements[name].max = data.last_date;
}
filters.addEventListener("change", ({ target }) => {
  if (!isUnfinished(target)) readControls();
});
filters.addEventListener("focusout", finish);
filters.addEventListener("keydown", (event) => {
  if (event.key === "Enter") finish(event);
});
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("reset", (event) => {
  event.preventDefault();
  state = emptyState();
  go();
});
for (const button of document.querySelectorAll("[data-csv]")) {
  button.addEventListener("click", () => saveCsv(button.dataset.csv));
}
// The link would write its target over the filters in the address.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  get("content").tabIndex = -1;
  get("content").focus();
});
// What a tooltip covers can be read without moving the mouse.
document.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") {
    get("vg-tooltip-element")?.classList.remove("visible");
  }
});
window.addEventListener("hashchange", openAddress);
openAddress();
// The figures are on the screen before the charts' script is read.
requestAnimationFrame(() => setTimeout(drawCharts));

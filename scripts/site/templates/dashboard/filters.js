// What the reader filters: the controls, the address that keeps it, and the start
// of the page.

// The address.

// Returns what is wrong with a day, or nothing.
function dayProblem(day) {
  const time = /^\d{4}-\d\d-\d\d$/.test(day) ? timeOf(day) : NaN;
  const isDay = !Number.isNaN(time) && asText(time) === day && day > "1000";
  return isDay ? "" : "is not a date";
}

const isReversed = ({ from, to }) => Boolean(from && to && from > to);
const ONE_OF = {
  period: PERIODS,
  compare: new Set(["year", "previous", "none"]),
  show: new Set(Object.keys(PANELS)),
  zeros: new Set(["1"]),
};

function readAddress(hash) {
  const found = emptyState();
  const ignored = [];
  const text = hash.slice(1);
  let panel = "";
  // An anchor of the page, such as that of the skip link, is not a filter.
  const pairs = text && get(text) ? [] : new URLSearchParams(text);
  for (const [name, value] of pairs) {
    if (known.get(name)?.has(value)) {
      if (!found[name].includes(value)) found[name].push(value);
    } else if (name === "from" || name === "to") {
      found[name] = value;
    } else if (Object.hasOwn(ONE_OF, name) && ONE_OF[name].has(value)) {
      if (name === "show") panel = value;
      else found[name] = name === "zeros" || value;
    } else {
      ignored.push(`${name}=${value}`.slice(0, 60));
    }
  }
  // One date without the other would be a range that nobody asked for.
  const days = ["from", "to"].filter((name) => found[name]);
  if (isReversed(found) || days.some((name) => dayProblem(found[name]))) {
    ignored.push(...days.map((name) => `${name}=${found[name]}`.slice(0, 60)));
    found.from = found.to = "";
  } else if (days.length) {
    found.period = "";
  }
  return { found, ignored, panel };
}

function writeAddress() {
  const usual = emptyState();
  const pairs = Object.keys(COLUMNS).flatMap((name) =>
    state[name].map((value) => [name, value]),
  );
  for (const name of ["period", "from", "to", "compare"]) {
    if (state[name] && state[name] !== usual[name]) pairs.push([name, state[name]]);
  }
  if (state.zeros) pairs.push(["zeros", "1"]);
  const hash = pairs.length ? `#${new URLSearchParams(pairs)}` : "";
  if (hash !== location.hash) {
    history.pushState(null, "", hash || location.pathname + location.search);
  }
}

// What a click does.

function toggle(name, value) {
  const text = String(value);
  if (!known.get(name).has(text)) return;
  state[name] = state[name].includes(text)
    ? state[name].filter((one) => one !== text)
    : [...state[name], text];
}

function setPeriod(period, from = "", to = "") {
  Object.assign(state, { period, from, to });
}

function pickMonth(month) {
  const to = monthEnd(month);
  const isPicked = state.from === month && state.to === to;
  setPeriod(...(isPicked ? ["all"] : ["", month, to]));
}

// Goes down to one customer or order, and to the panel that shows it.
function drill(name, value, panel) {
  state[name] = [String(value)];
  return panel;
}

function choose(panel, value, row) {
  const section = document.activeElement.closest("[data-panel]");
  const next = panel.pick(value, row);
  // The mark below it may go.
  hideTooltip();
  go();
  if (next) reveal(next);
  // Its table was made anew.
  else if (section) buttonOf(section, value)?.focus({ preventScroll: true });
}

const buttonOf = (section, value) =>
  [...section.querySelectorAll(".pick")].find((one) => one.value === String(value));

// Shows the state, and puts it into the controls and the address.
function go() {
  setControls();
  showProblem("");
  writeAddress();
  show();
}

// The controls.

function setControls() {
  const { from, to } = askedSpan();
  const days = { from: from || data.first_date, to: to || data.last_date };
  for (const control of filters.elements) {
    if (control.type === "checkbox") {
      control.checked = state[control.name].includes(control.value);
    } else if (control.type === "date") {
      control.value = days[control.name];
      markDate(control, false);
    } else if (control.type === "select-one") {
      control.value = state[control.name];
    }
  }
  for (const menu of filters.querySelectorAll("details")) {
    const number = menu.querySelectorAll(":checked").length;
    menu.querySelector(".number").textContent = number || "";
  }
  get("zeros").checked = state.zeros;
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
  if (isUnfinished(target)) readDates();
}

// Invalid dates stay in their fields to be corrected; until then what was chosen
// before stays.
function readDates() {
  const days = {};
  const problems = [];
  for (const name of ["from", "to"]) {
    const control = filters.elements[name];
    const isBad = control.validity.badInput || isUnfinished(control);
    const problem = isBad ? "is not a date" : control.value && dayProblem(control.value);
    markDate(control, Boolean(problem));
    days[name] = control.value;
    if (problem) problems.push(`The date in “${name}” ${problem}.`);
  }
  if (!problems.length && isReversed(days)) {
    problems.push("The first day is after the last.");
    markDate(filters.elements.from, true);
    markDate(filters.elements.to, true);
  }
  if (problems.length) {
    showProblem([...problems, "The days are as before."].join(" "));
    return;
  }
  setPeriod(days.from || days.to ? "" : "all", days.from, days.to);
  go();
}

function readControls({ target }) {
  if (isUnfinished(target)) return;
  if (target.type === "date") {
    readDates();
    return;
  }
  if (target.name === "period") setPeriod(target.value);
  if (target.name === "compare") state.compare = target.value;
  const form = new FormData(filters);
  for (const { name, type } of filters.elements) {
    if (type === "checkbox") state[name] = form.getAll(name);
  }
  go();
}

// The panel that the address asked for: charts above it move it down.
let asked = "";

function openAddress() {
  const { found, ignored, panel } = readAddress(location.hash);
  state = found;
  setControls();
  showProblem(
    ignored.length ? `Ignored in the address: ${ignored.join(", ")}` : "",
  );
  asked = panel;
}

// Start.

for (const [title, names] of periodNames()) {
  const options = names.map((name) => element("option", periodWords(name), { value: name }));
  const place = title ? Object.assign(document.createElement("optgroup"), { label: title }) : null;
  place?.append(...options);
  filters.elements.period.append(...(place ? [place] : options));
}
filters.elements.period.append(element("option", "Other days", { value: "", hidden: true }));

filters.addEventListener("change", readControls);
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
get("zeros").addEventListener("change", ({ target }) => {
  state.zeros = target.checked;
  go();
});
for (const section of document.querySelectorAll("[data-panel]")) {
  const name = section.dataset.panel;
  const panel = PANELS[name];
  section.addEventListener("click", ({ target }) => {
    const { table, csv: isCsv, picture } = target.dataset;
    if (table !== undefined) setTable(section, target.ariaExpanded !== "true");
    if (isCsv !== undefined) save(`${name}.csv`, new Blob([csv(panel)], { type: "text/csv" }));
    if (picture) savePicture(section, picture);
  });
  section.querySelector("[type=search]").addEventListener("input", ({ target }) => {
    panel.search = target.value;
    showTable(section, panel);
  });
}
// One menu at a time; a click elsewhere or Escape closes it.
const menus = [...filters.querySelectorAll("details")];
document.addEventListener("click", ({ target }) => {
  for (const menu of menus) if (!menu.contains(target)) menu.open = false;
});
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  // What a tooltip covers can be read without moving the mouse.
  hideTooltip();
  const menu = menus.find((one) => one.open);
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
// The link would write its target over the filters in the address.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  get("content").tabIndex = -1;
  get("content").focus();
});
window.addEventListener("hashchange", () => {
  openAddress();
  show();
  if (asked) reveal(asked, true);
});
openAddress();
showFigures();
// The figures are on the screen before the charts' script is read.
requestAnimationFrame(() =>
  setTimeout(async () => {
    showPanels();
    if (asked) reveal(asked, true);
    await drawCharts();
    if (asked) reveal(asked);
  }),
);

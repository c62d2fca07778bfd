// Shows the state: the tiles, what is chosen in words, and the panels.

const TITLES = {
  line: "Product line",
  region: "Region",
  country: "Country",
  status: "Status",
  customer: "Customer",
  order: "Order",
};
const BEFORE = {
  year: "same period last year",
  previous: "previous period",
  none: "",
};
// What a panel or a tile says that has no figures.
const NOTHING = "Nothing in this selection.";
const NOT_COUNTED =
  "Counted under product lines or under dates, not under both, and for all statuses.";
// From the whole to one order: each step is inside the one before.
const STEPS = ["region", "country", "customer", "order"];

// What the values of a filter are called.
function valueWords(name) {
  if (name !== "customer") return state[name].join(", ");
  return members.customer
    .filter((one) => state.customer.includes(String(one?.customer_id)))
    .map((one) => one.customer_name)
    .join(", ");
}

const filterWords = () =>
  Object.keys(COLUMNS)
    .filter((name) => state[name].length)
    .map((name) => `${TITLES[name]}: ${valueWords(name)}`);

// Says in words what is chosen: for the eye, the ear and the printer.
function showSelection(orderCount) {
  const span = chosenSpan();
  const compared = comparison();
  const parts = filterWords();
  parts.unshift(span.to ? spanWords(span) : "All days");
  if (compared?.wanted) {
    parts.push(
      compared.span
        ? `compared with ${spanWords(compared.span)}`
        : `not compared: no data from ${dayWords(compared.wanted.from)} on`,
    );
  } else if (!span.to && state.compare !== "none") {
    parts.push("not compared: choose a period");
  }
  parts.push(
    orderCount ? plural(orderCount, "order") : "No order matches these filters",
  );
  get("selection").textContent = parts.join(" · ");
  get("cut").hidden = !isCut();
}

// The way to what is shown: each step leads back to it, each other filter can be
// taken away.
function showTrail() {
  const steps = STEPS.filter((name) => state[name].length);
  const others = Object.keys(COLUMNS).filter(
    (name) => state[name].length && !STEPS.includes(name),
  );
  const item = (text, names, label) => {
    const made = document.createElement("li");
    if (!names.length) {
      made.append(element("span", text, { ariaCurrent: "location" }));
      return made;
    }
    const button = element("button", text, { type: "button" });
    if (label) button.ariaLabel = label;
    button.addEventListener("click", () => {
      for (const name of names) state[name] = [];
      go();
    });
    made.append(button);
    return made;
  };
  const trail = [item("All", steps)].concat(
    steps.map((name, i) => item(valueWords(name), steps.slice(i + 1))),
  );
  const chips = others.map((name) => {
    const words = valueWords(name);
    const made = item(`${words} ×`, [name], `Remove ${TITLES[name]}: ${words}`);
    made.className = "chip";
    return made;
  });
  get("trail").hidden = !steps.length && !others.length;
  get("trail").firstElementChild.replaceChildren(...(steps.length ? trail : []), ...chips);
}

// What a chart shows, for those who do not see it: its longest bars.
function describe(title, panel, rows) {
  const [name, , unit] = panel.columns[0];
  const label = panel.label ?? ((row) => WRITE[unit](row[name]));
  const [measure, words] = panel.measure ?? ["net_sales_amount", "net sales"];
  const write = measure.endsWith("_amount") ? short : plain;
  const shown = [...rows]
    .sort((one, other) => other[measure] - one[measure])
    .slice(0, 3)
    .map((row) => `${label(row)}: ${write(row[measure])} ${words}`);
  const number = `${title}, ${rows.length} in all.`;
  return `${number} Largest: ${shown.join("; ")}. The table has all figures.`;
}

const hasNoSales = (rows) =>
  !rows.some(
    (row) =>
      row.order_count || row.previous_order_count || row.previous_net_sales_amount,
  );

function showPanel(section) {
  const panel = PANELS[section.dataset.panel];
  const problem = panel.problem?.() ?? "";
  const rows = problem ? [] : panel.report();
  panel.rows = rows.filter((row) => row.is_selected !== false);
  const isEmpty = (panel.isEmpty ?? hasNoSales)(panel.rows);
  section.classList.toggle("empty", isEmpty);
  section.querySelector(".nothing").hidden = !isEmpty;
  section.querySelector(".nothing").textContent = problem || NOTHING;
  showTable(section, panel);
  // Only what is drawn is explained.
  for (const mark of section.querySelectorAll("[data-if]")) {
    const [column, value] = mark.dataset.if.split("=");
    mark.hidden = !rows.some((row) =>
      value ? String(row[column]) === value : !isNothing(row[column]),
    );
    if (column === "previous_net_sales_amount") {
      mark.lastElementChild.textContent = BEFORE[state.compare];
    }
  }
  const title = section.querySelector("h2").textContent;
  const shown = panel.chart?.() ?? rows;
  for (const chart of section.querySelectorAll("[data-chart]")) {
    const described = panel.chart ? shown : panel.rows;
    chart.ariaLabel = isEmpty
      ? `${title}: nothing in this selection.`
      : describe(title, panel, described);
    feed(chart.dataset.chart, shown);
  }
}

function showPanels() {
  const lines = document.querySelector("[data-panel=order_lines]");
  if (lines) lines.hidden = state.order.length !== 1;
  for (const section of document.querySelectorAll("[data-panel]:not([hidden])")) {
    showPanel(section);
  }
}

// The same words again would be read out again.
function showProblem(text) {
  const problem = get("problem");
  problem.hidden = !text;
  if (problem.textContent !== text) problem.textContent = text;
}

function show() {
  showFigures();
  showPanels();
}

function showFigures() {
  showSelection(showTiles());
  showTrail();
  showSparks();
}

// An open table has the whole width. Where that leaves a panel without another one
// beside it, the last one takes the rest.
function fillPanels() {
  const panels = [...document.querySelectorAll(".panel:not(.wide)")];
  const isOpen = (name) =>
    document.querySelector(`[data-panel=${name}]`).classList.contains("open");
  const isHigh = !["lines", "receivables", "recent"].some(isOpen);
  const narrow = panels.filter((one) => !one.classList.contains("open"));
  const isOdd = (narrow.length + Number(isHigh)) % 2 === 1;
  for (const one of panels) {
    one.classList.toggle("filling", isOdd && one === narrow.at(-1));
  }
}

// Opens or closes the table of a panel.
function setTable(section, isOpen) {
  const button = section.querySelector("[data-table]");
  const panel = PANELS[section.dataset.panel];
  const place = button?.getBoundingClientRect().top;
  // A file of a closed table has all rows.
  if (!isOpen) panel.search = section.querySelector("[type=search]").value = "";
  section.classList.toggle("open", isOpen);
  section.querySelector(".table").hidden = !isOpen;
  button?.setAttribute("aria-expanded", isOpen);
  showTable(section, panel);
  fillPanels();
  window.dispatchEvent(new Event("resize"));
  // What was pressed stays where it was.
  if (button) scrollBy(0, button.getBoundingClientRect().top - place);
}

function reveal(name, hasTable = false) {
  const section = document.querySelector(`[data-panel="${name}"]`);
  if (!section || section.hidden) return;
  if (hasTable) setTable(section, true);
  section.scrollIntoView({ block: "start" });
  const title = section.querySelector("h2");
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
}

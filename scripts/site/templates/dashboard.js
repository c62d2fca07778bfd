// Shows what dashboard_figures.js computes as tiles, tables, charts and files.

const MONTHS = [
  "Jan", "Feb", "Mar", "Apr", "May", "Jun",
  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const TITLES = { line: "Product line", region: "Region", country: "Country" };
// What a panel or a tile says that has no figures.
const NOTHING = "Nothing in this selection.";
const NOT_COUNTED = "Counted under product lines or under dates, not under both.";

// Words.

function dayWords(day) {
  const [year, month, number] = day.split("-").map(Number);
  return `${number} ${MONTHS[month - 1]} ${year}`;
}

const plain = (number) => number.toLocaleString("en-US");

const exact = (cents) => (cents / 100).toFixed(2);

const dollars = (cents) =>
  (cents / 100).toLocaleString("en-US", { style: "currency", currency: "USD" });

const grouped = (cents) => dollars(cents).replace("$", "");

function short(cents) {
  const sign = cents < 0 ? "-" : "";
  const amount = Math.abs(cents) / 100;
  if (amount >= 1e9) return `${sign}$${(amount / 1e9).toFixed(2)}\u00a0B`;
  if (amount >= 1e6) return `${sign}$${(amount / 1e6).toFixed(2)}\u00a0M`;
  if (amount >= 1e4) return `${sign}$${(amount / 1e3).toFixed(1)}\u00a0k`;
  return dollars(cents);
}

function percent({ part, whole }) {
  const share = ratio(part, whole, 1000);
  return share === null ? "n/a" : `${(100 * share).toFixed(1)}\u00a0%`;
}

// How a value is written by its unit: in a table, a tile, and for a program.
const WRITE = {
  text: String,
  id: String,
  day: dayWords,
  month: (day) => dayWords(day).slice(2),
  count: plain,
  money: grouped,
  share: percent,
};
const TILE = { ...WRITE, money: short };
const EXACT = {
  count: String,
  money: exact,
  share: ({ part, whole }) => ratio(part, whole, 10000)?.toFixed(4) ?? "",
};
const isNumber = (unit) => unit in EXACT;
const isNothing = (value) =>
  value === null || value === undefined || value === "" || value.whole === 0;

// Showing.

function showTiles() {
  const sums = tileFigures();
  const write = (one, words) => {
    const value = figure(one, sums);
    return value === null ? "n/a" : words[one.unit](value);
  };
  for (const [name, others] of Object.entries(tiles)) {
    const one = metrics[name];
    const tile = get(name);
    const value = figure(one, sums);
    tile.value = isNothing(value) ? "" : EXACT[one.unit](value);
    tile.textContent = write(one, TILE);
    const all = write(one, { ...TILE, money: dollars });
    const below = [...(one.parts ?? []), ...others.map((other) => metrics[other])]
      .map((other) => `${other.label}: ${write(other, TILE)}`);
    const [exactly, note] = tile.parentElement.querySelectorAll("small");
    exactly.textContent = all === tile.textContent ? "" : all;
    const meaning = value === null ? NOT_COUNTED : one.meaning;
    note.textContent = below.join("\n") || meaning;
  }
  showSelection(figure(metrics.order_count, sums));
}

// Says in words what is filtered: for the ear, and for the printer.
function showSelection(orderCount) {
  const parts = Object.keys(COLUMNS)
    .filter((name) => state[name].length)
    .map((name) => `${TITLES[name]}: ${state[name].join(", ")}`);
  if (state.from) parts.push(`From ${dayWords(state.from)}`);
  if (state.to) parts.push(`To ${dayWords(state.to)}`);
  const number = `${plain(orderCount)} order${orderCount === 1 ? "" : "s"}`;
  const found = orderCount ? number : "No order matches these filters";
  get("selection").textContent = parts.length
    ? `${parts.join(" · ")} · ${found}`
    : `All ${number}`;
}

function element(name, text, properties = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  return Object.assign(made, properties);
}

function showTable(section, columns, rows) {
  const head = columns.map(([, title, unit]) =>
    element("th", title, {
      scope: "col",
      className: isNumber(unit) ? "number" : "",
    }),
  );
  const cell = (row, [name, , unit], position) => {
    const text = isNothing(row[name]) ? "" : WRITE[unit](row[name]);
    return position
      ? element("td", text, { className: isNumber(unit) ? "number" : "" })
      : element("th", text, { scope: "row" });
  };
  const body = rows.map((row) => {
    const line = document.createElement("tr");
    line.append(...columns.map((column, i) => cell(row, column, i)));
    return line;
  });
  const top = document.createElement("tr");
  top.append(...head);
  section.querySelector("thead").replaceChildren(top);
  section.querySelector("tbody").replaceChildren(...body);
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
  return `${title}, ${rows.length} in all. Largest: ${shown.join("; ")}. The table below has all figures.`;
}

function showPanels() {
  for (const section of document.querySelectorAll("[data-panel]")) {
    const panel = PANELS[section.dataset.panel];
    const problem = panel.problem?.() ?? "";
    const rows = problem ? [] : panel.report();
    const chosen = rows.filter((row) => row.is_selected !== false);
    const isEmpty = !chosen.some((row) => row.order_count || row.previous_order_count);
    section.classList.toggle("empty", isEmpty);
    section.querySelector(".nothing").hidden = !isEmpty;
    section.querySelector(".nothing").textContent = problem || NOTHING;
    showTable(section, panel.columns, chosen);
    panel.rows = chosen;
    const title = section.querySelector("h2").textContent;
    for (const chart of section.querySelectorAll("[data-chart]")) {
      chart.setAttribute(
        "aria-label",
        isEmpty
          ? `${title}: nothing in this selection.`
          : describe(title, panel, chosen),
      );
      feed(chart.dataset.chart, rows);
    }
  }
}

// The same words again would be read out again.
function showProblem(text) {
  const problem = get("problem");
  problem.hidden = !text;
  if (problem.textContent !== text) problem.textContent = text;
}

function show() {
  showTiles();
  performance.mark("tiles");
  showPanels();
}

// Charts.

const views = new Map();
const rowsOf = new Map();

// Returns a value as a chart takes it: dollars, and a share as one number.
function drawn(key, value) {
  if (value === null) return null;
  if (value.part !== undefined) return value.whole ? value.part / value.whole : null;
  return key.endsWith("_amount") ? value / 100 : value;
}

// Hands rows to a chart; before there is one they wait for it.
function feed(name, rows) {
  const plainRows = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [key, drawn(key, value)]),
    ),
  );
  rowsOf.set(name, plainRows);
  views.get(name)?.data("rows", plainRows).resize().runAsync();
}

// The map is about half as high as wide; other charts set their own height.
function fitMap(view, chart) {
  view.height(Math.round(chart.clientWidth * 0.46)).runAsync();
}

async function draw(chart, spec) {
  const name = chart.dataset.chart;
  // The picture itself is hidden from screen readers, who get its label.
  const picture = chart.firstElementChild;
  const datasets = { ...spec.datasets, rows: rowsOf.get(name) };
  const { view } = await window.vegaEmbed(picture, { ...spec, datasets }, {
    actions: false,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true },
  });
  views.set(name, view);
  if (name === "map") {
    fitMap(view, chart);
    window.addEventListener("resize", () => fitMap(view, chart));
  }
  const { pick, columns } = PANELS[chart.closest("[data-panel]").dataset.panel];
  if (!pick) return;
  view.addEventListener("click", (_, item) => {
    // The datum of a bar is its row, that of a label beside it has a value.
    const value = item?.datum?.[columns[0][0]] ?? item?.datum?.value;
    if (value) {
      pick(value);
      go();
    }
  });
}

async function drawCharts() {
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(await unzip("vega"));
  document.head.append(script);
  const specs = JSON.parse(get("specs").textContent);
  for (const chart of document.querySelectorAll("[data-chart]")) {
    await draw(chart, specs[chart.dataset.chart]);
  }
  performance.mark("charts");
}

// Files.

// Quotes a cell. A text that a spreadsheet would run as a formula gets an
// apostrophe in front; numbers are ours and stay.
function csvCell(value, unit) {
  if (isNothing(value)) return "";
  const text = (EXACT[unit] ?? String)(value);
  const safe = unit === "text" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csv({ columns, rows }) {
  const head = columns.map(([name]) => name).join(",");
  const body = rows.map((row) =>
    columns.map(([name, , unit]) => csvCell(row[name], unit)).join(","),
  );
  // The mark in front makes spreadsheets read the letters as UTF-8.
  return `\ufeff${[head, ...body].join("\r\n")}\r\n`;
}

function saveCsv(name) {
  const file = new Blob([csv(PANELS[name])], { type: "text/csv" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `classicmodels-${name}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

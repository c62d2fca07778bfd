// Filters the order lines that the page carries, and shows what is left of
// them as figures, charts and tables. Amounts are whole cents up to the moment
// they are shown: whole numbers add up exactly.

const get = (id) => document.getElementById(id);
const data = JSON.parse(get("data").textContent);
const { metrics, tiles } = JSON.parse(get("metrics").textContent);
const filters = get("filters");
const MONTHS = [
  "Jan", "Feb", "Mar", "Apr", "May", "Jun",
  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
// The filters by name, with the column that each looks at.
const COLUMNS = {
  line: "product_line",
  region: "region",
  country: "country_name",
};
const TITLES = { line: "Product line", region: "Region", country: "Country" };

// The data.

// Turns columns, of which texts are positions in a list, into rows.
function unpack(columns) {
  const names = Object.keys(columns);
  const texts = (column) =>
    column.places?.map((place) => column.values[place] ?? "") ?? column;
  const unpacked = names.map((name) => texts(columns[name]));
  return unpacked[0].map((_, row) =>
    Object.fromEntries(names.map((name, i) => [name, unpacked[i][row]])),
  );
}

const orders = new Map(
  unpack(data.orders).map((order) => [order.order_id, order]),
);
const lines = unpack(data.order_lines).map((line) => ({
  ...orders.get(line.order_id),
  ...line,
}));
const known = new Map(
  Object.entries(COLUMNS).map(([name, column]) => [
    name,
    new Set(lines.map((line) => line[column])),
  ]),
);

// The state: what is filtered, and the address that keeps it.

const emptyState = () => ({ line: [], region: [], country: [], from: "", to: "" });
let state = emptyState();

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

function readAddress(hash) {
  const found = emptyState();
  const ignored = [];
  const text = hash.slice(1);
  // An anchor of the page, such as that of the skip link, is no filter.
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
  return { found, ignored };
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

// Figures.

// Returns the lines that fit; `without` names a filter that does not count.
function fitting(without = "") {
  const fits = (name, value) =>
    name === without || !state[name].length || state[name].includes(value);
  return lines.filter(
    (line) =>
      Object.entries(COLUMNS).every(([name, column]) => fits(name, line[column])) &&
      (without === "dates" || isInDates(line.order_date)),
  );
}

function isInDates(day) {
  return (!state.from || day >= state.from) && (!state.to || day <= state.to);
}

// Metrics: each is a sum, a count of different values, or a ratio of two such.

// Returns the rows of a semantic model: an order has one, however many lines.
function rowsOfModel(model, rows) {
  if (model !== "orders") return rows;
  return [...new Map(rows.map((row) => [row.order_id, row])).values()];
}

function total({ model, column, aggregation, filter }, rows) {
  const values = rowsOfModel(model, rows)
    .filter((row) => !filter || row[filter])
    .map((row) => row[column]);
  return aggregation === "sum"
    ? values.reduce((sum, value) => sum + value, 0)
    : new Set(values.filter((value) => value !== null)).size;
}

// Returns the figure of a metric. A share keeps its parts, to be rounded once.
function figure(metric, rows) {
  if (!metric.parts) return total(metric, rows);
  const [part, whole] = metric.parts.map((one) => total(one, rows));
  return metric.unit === "share" ? { part, whole } : ratio(part, whole, 1);
}

// A ratio, rounded to one part of `scale`; null without a whole.
function ratio(part, whole, scale) {
  if (!whole) return null;
  const rounded = Math.floor(
    (2 * scale * Math.abs(part) + whole) / (2 * whole),
  );
  return (Math.sign(part) * rounded) / scale;
}

function measures(rows) {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, one]) => [name, figure(one, rows)]),
  );
}

function groups(rows, ...names) {
  const found = new Map();
  for (const row of rows) {
    const key = JSON.stringify(names.map((name) => row[name]));
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(row);
  }
  return [...found.values()];
}

function byNetSales(name) {
  return (one, other) =>
    other.net_sales_amount - one.net_sales_amount ||
    (one[name] < other[name] ? -1 : 1);
}

// Reports: the rows of each panel.

// One row for each value of a filter's column. Those that are not chosen stay,
// marked, so that the chart can show them pale.
function reportOf(filter, more = () => ({})) {
  const column = COLUMNS[filter];
  return groups(fitting(filter), column)
    .map((rows) => ({
      [column]: rows[0][column],
      ...more(rows),
      ...measures(rows),
      is_selected:
        !state[filter].length || state[filter].includes(rows[0][column]),
    }))
    .sort(byNetSales(column));
}

const lineReport = () => reportOf("line");

const countryReport = () =>
  reportOf("country", ([first]) => ({
    region: first.region,
    latitude: first.latitude,
    longitude: first.longitude,
  }));

const monthOf = (day) => `${day.slice(0, 7)}-01`;
const yearLater = (day) => `${Number(day.slice(0, 4)) + 1}${day.slice(4)}`;

// The last day of a month, whose number counts from 1.
function monthEnd(month) {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
}

function allMonths() {
  const months = [];
  const day = new Date(`${monthOf(data.first_date)}T00:00Z`);
  while (day.toISOString().slice(0, 10) <= data.last_date) {
    months.push(day.toISOString().slice(0, 10));
    day.setUTCMonth(day.getUTCMonth() + 1);
  }
  return months;
}

// All months, so that the chart keeps its place and each can be clicked. Those
// outside of the dates have their own sales, to be shown pale.
function monthReport() {
  const dated = fitting("dates").filter((line) => line.order_date);
  const now = Map.groupBy(dated, (line) => monthOf(line.order_date));
  const before = Map.groupBy(
    dated.filter((line) => isInDates(yearLater(line.order_date))),
    (line) => monthOf(yearLater(line.order_date)),
  );
  const first = monthOf(data.first_date);
  return allMonths().map((month) => {
    const isInside =
      monthEnd(month) >= (state.from || "0") && month <= (state.to || "9");
    const rows = now.get(month) ?? [];
    return {
      month_start_date: month,
      ...measures(
        isInside ? rows.filter((line) => isInDates(line.order_date)) : rows,
      ),
      previous_year_net_sales_amount:
        isInside && month >= yearLater(first)
          ? figure(metrics.net_sales_amount, before.get(month) ?? [])
          : null,
      is_complete_month: monthEnd(month) <= data.as_of_date,
      is_selected: isInside,
    };
  });
}

function recentReport() {
  const recent = fitting("dates").filter(
    ({ days_before_as_of_date: days }) => days !== null && days >= 0 && days < 60,
  );
  return groups(recent, "product_line", "region")
    .map((rows) => {
      const isNow = (line) => line.days_before_as_of_date < 30;
      const now = measures(rows.filter(isNow));
      const before = measures(rows.filter((line) => !isNow(line)));
      const change = now.net_sales_amount - before.net_sales_amount;
      return {
        product_line: rows[0].product_line,
        region: rows[0].region,
        order_count: now.order_count,
        previous_order_count: before.order_count,
        net_sales_amount: now.net_sales_amount,
        previous_net_sales_amount: before.net_sales_amount,
        net_sales_change_amount: change,
        net_sales_change_pct: { part: change, whole: before.net_sales_amount },
      };
    })
    .sort(byNetSales("product_line"));
}

function lateReport() {
  return groups(fitting(), "order_id")
    .map((rows) => ({ ...rows[0], ...measures(rows) }))
    .filter((row) => row.late_order_count || row.past_due_order_count)
    .map((row) => ({
      ...row,
      lateness: row.late_order_count ? "Shipped late" : "Past due",
    }))
    .sort(
      (one, other) =>
        other.days_late - one.days_late || one.order_id - other.order_id,
    );
}

const customerReport = () =>
  groups(fitting(), "customer_id")
    .map((rows) => ({ ...rows[0], ...measures(rows) }))
    .sort(byNetSales("customer_name"));

const productReport = () =>
  groups(fitting(), "product_id")
    .map((rows) => ({ ...rows[0], ...measures(rows) }))
    .sort(byNetSales("product_name"));

// The columns of the tables and files: name in the warehouse, title and unit,
// which a metric has of its own. Where the first column and net sales are not
// what the chart shows, its text takes `label` and `measure`.
const metric = (name) => [name, metrics[name].label, metrics[name].unit];
const before = (name, column, words) => {
  const { label, unit } = metrics[name];
  return [column, `${label} ${words}`, unit];
};
const SALES = [
  "order_count", "quantity_ordered", "ordered_amount", "cancelled_amount",
  "net_sales_amount",
].map(metric);
const MARGIN = ["net_margin_amount", "net_margin_pct"].map(metric);
const PANELS = {
  months: {
    report: monthReport,
    columns: [
      ["month_start_date", "Month", "month"],
      ...SALES,
      before("net_sales_amount", "previous_year_net_sales_amount", "a year before"),
    ],
    pick: pickMonth,
  },
  lines: {
    report: lineReport,
    columns: [["product_line", "Product line", "text"], ...SALES],
    pick: (value) => toggle("line", value),
  },
  margins: {
    report: lineReport,
    columns: [
      ["product_line", "Product line", "text"],
      metric("net_sales_amount"),
      ...MARGIN,
    ],
    measure: ["net_margin_amount", "net margin"],
    pick: (value) => toggle("line", value),
  },
  countries: {
    report: countryReport,
    columns: [
      ["country_name", "Country", "text"],
      ["region", "Region", "text"],
      ...SALES,
      ...MARGIN,
    ],
    pick: (value) => toggle("country", value),
  },
  recent: {
    report: recentReport,
    columns: [
      ["product_line", "Product line", "text"],
      ["region", "Region", "text"],
      metric("order_count"),
      before("order_count", "previous_order_count", "before"),
      metric("net_sales_amount"),
      before("net_sales_amount", "previous_net_sales_amount", "before"),
      ["net_sales_change_amount", "Change", "money"],
      ["net_sales_change_pct", "Change %", "share"],
    ],
    label: (row) => `${row.product_line}, ${row.region}`,
  },
  late: {
    report: lateReport,
    columns: [
      ["order_id", "Order", "id"],
      ["customer_name", "Customer", "text"],
      ["country_name", "Country", "text"],
      ["order_status", "Status", "text"],
      ["lateness", "Lateness", "text"],
      ["order_date", "Ordered on", "day"],
      ["required_date", "Required by", "day"],
      ["days_late", "Days late", "count"],
      metric("ordered_amount"),
    ],
    label: (row) => `${row.customer_name}, order ${row.order_id}`,
    measure: ["days_late", "days late"],
  },
  customers: {
    report: customerReport,
    columns: [
      ["customer_name", "Customer", "text"],
      ["country_name", "Country", "text"],
      ...SALES,
      ...MARGIN,
    ],
  },
  products: {
    report: productReport,
    columns: [
      ["product_name", "Product", "text"],
      ["product_line", "Product line", "text"],
      ...SALES,
      ...MARGIN,
    ],
  },
};

// Words.

function dayWords(day) {
  const [year, month, number] = day.split("-").map(Number);
  return `${number} ${MONTHS[month - 1]} ${year}`;
}

const plain = (number) => number.toLocaleString("en-US");

// Dollars and cents without a detour over fractions.
function exact(cents) {
  const whole = Math.abs(cents);
  const rest = String(whole % 100).padStart(2, "0");
  return `${cents < 0 ? "-" : ""}${Math.floor(whole / 100)}.${rest}`;
}

function grouped(cents) {
  const [dollars, rest] = exact(Math.abs(cents)).split(".");
  return `${cents < 0 ? "-" : ""}${plain(Number(dollars))}.${rest}`;
}

const dollars = (cents) =>
  `${cents < 0 ? "-" : ""}$${grouped(Math.abs(cents))}`;

function short(cents) {
  const sign = cents < 0 ? "-" : "";
  const amount = Math.abs(cents) / 100;
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
  const rows = fitting();
  const write = (one, words) => {
    const value = figure(one, rows);
    return value === null ? "n/a" : words[one.unit](value);
  };
  for (const [name, others] of Object.entries(tiles)) {
    const one = metrics[name];
    const tile = get(name);
    const value = figure(one, rows);
    tile.value = isNothing(value) ? "" : EXACT[one.unit](value);
    tile.textContent = write(one, TILE);
    const all = write(one, { ...TILE, money: dollars });
    const below = [...(one.parts ?? []), ...others.map((other) => metrics[other])]
      .map((other) => `${other.label}: ${write(other, TILE)}`);
    const [exactly, note] = tile.parentElement.querySelectorAll("small");
    exactly.textContent = all === tile.textContent ? "" : all;
    if (below.length) note.textContent = below.join("\n");
  }
  showSelection(figure(metrics.order_count, rows));
}

// Says in words what is filtered: for the ear, and for the printer.
function showSelection(orderCount) {
  const parts = Object.keys(COLUMNS)
    .filter((name) => state[name].length)
    .map((name) => `${TITLES[name]}: ${state[name].join(", ")}`);
  if (state.from) parts.push(`From ${dayWords(state.from)}`);
  if (state.to) parts.push(`To ${dayWords(state.to)}`);
  const number = `${plain(orderCount)} order${orderCount === 1 ? "" : "s"}`;
  const found = orderCount ? number : "No order fits these filters";
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
  return `${title}, ${rows.length} in all. The most: ${shown.join("; ")}. The table below has all figures.`;
}

function showPanels() {
  for (const section of document.querySelectorAll("[data-panel]")) {
    const panel = PANELS[section.dataset.panel];
    const rows = panel.report();
    const chosen = rows.filter((row) => row.is_selected !== false);
    const isEmpty = !chosen.some((row) => row.order_count || row.previous_order_count);
    section.classList.toggle("empty", isEmpty);
    section.querySelector(".nothing").hidden = !isEmpty;
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

// The map is about half as high as wide; other charts have a height of their own.
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
  script.textContent = get("vega").textContent;
  document.head.append(script);
  const specs = JSON.parse(get("specs").textContent);
  for (const chart of document.querySelectorAll("[data-chart]")) {
    await draw(chart, specs[chart.dataset.chart]);
  }
  performance.mark("charts");
}

// What the reader does.

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

function show() {
  showTiles();
  performance.mark("tiles");
  showPanels();
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

// Ties a date to the message, or lets it go.
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

// Judges a date that the reader leaves as it is.
function finish({ target }) {
  if (isUnfinished(target)) readControls();
}

// Dates that make no sense stay in their fields to be mended; until then
// neither of the two is used.
function readControls() {
  const form = new FormData(filters);
  const next = { ...state };
  for (const name of Object.keys(COLUMNS)) next[name] = form.getAll(name);
  const problems = [];
  for (const name of ["from", "to"]) {
    const control = filters.elements[name];
    const problem = control.validity.badInput
      ? "is no date"
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
  state = next;
  showProblem(problems.join(" "));
  writeAddress();
  show();
}

function openAddress() {
  const { found, ignored } = readAddress(location.hash);
  state = found;
  setControls();
  showProblem(
    ignored.length ? `Not used from the address: ${ignored.join(", ")}` : "",
  );
  show();
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

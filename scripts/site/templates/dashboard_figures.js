// The cells that the page carries, those that match the filters, and what the
// metrics make of them: one report for each panel. A cell has the figures of an
// order or, on a page of many, of a month, a place and some product lines; it
// does not matter here, but for the columns that a table has. Amounts are whole
// cents until they are shown: whole numbers add up exactly.

const get = (id) => document.getElementById(id);
const data = JSON.parse(get("data").textContent);
const { metrics, tiles } = JSON.parse(get("metrics").textContent);
const filters = get("filters");
// The filters by name, with the column that each looks at.
const COLUMNS = {
  line: "product_line",
  region: "region",
  country: "country_name",
};

// The data.

// Returns the bytes that are compressed in an element.
async function unzip(id) {
  const text = atob(get(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const content = new Blob([bytes]).stream();
  const unzipped = content.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unzipped).arrayBuffer());
}

// Returns the tables by name, each with its size and its columns of numbers,
// which are packed as cells.py says.
function unpack(heads, bytes) {
  let start = 0;
  const column = (table, [length, least, one, other, factor = 0]) => {
    const values = new Float64Array(table.size).fill(least);
    const add = (more, scale) => {
      for (let row = 0; row < table.size; row++) values[row] += scale * more[row];
    };
    const end = start + length;
    for (let scale = 1; start < end; scale *= 256, start += table.size) {
      add(bytes.subarray(start), scale);
    }
    if (one) add(table[one], 1);
    if (other) add(table[other], factor);
    return values;
  };
  const found = {};
  for (const [name, { size, columns }] of Object.entries(heads)) {
    found[name] = { size };
    for (const [title, head] of Object.entries(columns)) {
      found[name][title] = column(found[name], head);
    }
  }
  return found;
}

// What the numbers in a column stand for, by number.
function membersOf(columns) {
  const names = Object.keys(columns);
  const found = [];
  columns[names[0]].forEach((number, i) => {
    found[number] = Object.fromEntries(names.map((name) => [name, columns[name][i]]));
  });
  return found;
}

const members = Object.fromEntries(
  Object.entries(data.names).map(([name, columns]) => [name, membersOf(columns)]),
);
members.previous = members.date;
const tables = unpack(data.tables, await unzip("cells"));
for (const table of Object.values(tables)) {
  if (table.product) {
    table.line = table.product.map((product) => members.product[product]?.line);
  }
}
const known = new Map([
  ["line", new Set(data.names.line.product_line)],
  ["region", new Set(data.names.place.region)],
  ["country", new Set(data.names.place.country_name)],
]);
if (!data.by_order) {
  data.first_date = monthOf(data.first_date);
  data.last_date = monthEnd(data.last_date);
}

// What is filtered.
const emptyState = () => ({ line: [], region: [], country: [], from: "", to: "" });
let state = emptyState();
const hasDates = () => Boolean(state.from || state.to);

// Returns the product lines of a set, a number with a bit for each.
const linesOf = (set) =>
  members.line.filter((_, line) => Math.floor(set / 2 ** line) % 2);

// Returns the rows of a table that fit. A filter counts where the table has its
// column; `without` names one that does not, and `isIn` can judge days.
function fitting(table, { without = "", isIn = isInDates } = {}) {
  const fits = (name, row) =>
    name === without ||
    !state[name].length ||
    state[name].includes(row[COLUMNS[name]]);
  const isFit = {
    place: (place) => fits("region", place) && fits("country", place),
    line: (line) => fits("line", line),
    lines: (_, set) => linesOf(set).some((line) => fits("line", line)),
    date: ({ day = "" }) => without === "dates" || isIn(day),
    // A customer is counted once, in the first month that fits.
    previous: ({ day }) => !day || day < state.from,
  };
  const checks = Object.keys(isFit)
    .filter((name) => name in table)
    .map((name) => {
      const found = [];
      const numbers = table[name];
      return (row) => {
        const number = numbers[row];
        return (found[number] ??= isFit[name](members[name]?.[number] ?? {}, number));
      };
    });
  const rows = [];
  for (let row = 0; row < table.size; row++) {
    if (checks.every((check) => check(row))) rows.push(row);
  }
  return rows;
}

function isInDates(day) {
  return (!state.from || day >= state.from) && (!state.to || day <= state.to);
}

// Metrics: each is a sum, a count of different values, or a ratio of two such.

const partsOf = (name) => metrics[name].parts ?? [metrics[name]];

// Adds up what metrics need, by group. Returns the sums by column, by group.
// `by` makes of a table what makes a key of a row. `table` is where the figures
// are, if it has them.
function added(names, by, { table: own = "", ...options } = {}) {
  const places = { order_lines: "lines", orders: "orders" };
  const columns = new Map();
  for (const { column, kind, model } of names.flatMap(partsOf)) {
    const place = kind === "orders" ? "orders" : places[model];
    columns.set(column, column in (tables[own] ?? {}) ? own : place);
  }
  const found = new Map();
  for (const place of new Set(columns.values())) {
    const table = tables[place];
    const key = by(table);
    const ofTable = [...columns.keys()].filter((column) => columns.get(column) === place);
    const values = ofTable.map((column) => table[column]);
    const sums = new Map();
    for (const row of fitting(table, options)) {
      const group = key(row);
      if (!sums.has(group)) sums.set(group, new Array(values.length).fill(0));
      const sum = sums.get(group);
      for (let i = 0; i < sum.length; i++) sum[i] += values[i][row];
    }
    for (const [group, sum] of sums) {
      const more = Object.fromEntries(ofTable.map((column, i) => [column, sum[i]]));
      found.set(group, { ...found.get(group), ...more });
    }
  }
  return found;
}

// Ways to group: by the number in a column, or by what it stands for.
const together = () => () => "";
const by = (name, of) => (table) => {
  const keys = [];
  const numbers = table[name];
  if (!of) return (row) => numbers[row];
  return (row) => {
    const number = numbers[row];
    return (keys[number] ??= of(members[name][number] ?? {}) ?? "");
  };
};

// Returns how many customers fit, or null where that is not known.
function customerCount(column) {
  let table = tables.orders;
  if (data.by_order) {
    const rows = fitting(table).filter((row) => table[column][row]);
    return new Set(rows.map((row) => table.customer[row])).size;
  }
  if (hasDates() && state.line.length) return null;
  table = tables[hasDates() ? "customers_by_month" : "customers_by_lines"];
  return fitting(table).reduce((sum, row) => sum + table[column][row], 0);
}

// Returns the figure of a metric. A share keeps its parts, to be rounded once.
function figure(metric, sums) {
  const totals = (metric.parts ?? [metric]).map(({ column }) =>
    column in sums ? sums[column] : 0,
  );
  const [part, whole] = totals;
  if (totals.includes(null)) return null;
  if (!metric.parts) return part;
  return metric.unit === "share" ? { part, whole } : ratio(part, whole, 1);
}

// A ratio, rounded to one part of `scale`; null without a whole. The products can
// be larger than the numbers that are exact.
function ratio(part, whole, scale) {
  if (!whole) return null;
  const double = 2n * BigInt(whole);
  const rounded =
    (2n * BigInt(scale) * BigInt(Math.abs(part)) + BigInt(whole)) / double;
  return (Math.sign(part) * Number(rounded)) / scale;
}

const measures = (names, sums) =>
  Object.fromEntries(names.map((name) => [name, figure(metrics[name], sums)]));

function tileFigures() {
  const parts = Object.keys(metrics).flatMap(partsOf);
  const people = parts.filter(({ kind }) => kind === "customers");
  const names = Object.keys(metrics).filter((name) =>
    partsOf(name).every(({ kind }) => kind !== "customers"),
  );
  const sums = { ...added(names, together).get("") };
  for (const { column } of people) sums[column] = customerCount(column);
  return sums;
}

function byNetSales(name) {
  return (one, other) =>
    other.net_sales_amount - one.net_sales_amount ||
    (one[name] < other[name] ? -1 : 1);
}

// Reports: the rows of each panel.

// The metrics of the tables.
const SALES = [
  "order_count", "quantity_ordered", "ordered_amount", "cancelled_amount",
  "net_sales_amount",
];
const MARGIN = ["net_margin_amount", "net_margin_pct"];
const SHOWN = [...SALES, ...MARGIN];
const LATE = ["late_order_count", "past_due_order_count"];

// One row for each group: what is known of it, and its metrics.
const perGroup = (about, names, ...how) =>
  [...added(names, ...how)].map(([key, sums]) => ({
    ...about(key),
    ...measures(names, sums),
  }));

// One row for each value of a filter's column. Those not chosen stay, marked, so
// that the chart can show them pale.
function reportOf(filter, name, table) {
  const column = COLUMNS[filter];
  const isSelected = (key) =>
    !state[filter].length || state[filter].includes(key);
  const about = (key) => ({
    ...members[name].find((one) => one?.[column] === key),
    [column]: key,
    is_selected: isSelected(key),
  });
  const key = by(name, (one) => one[column]);
  return perGroup(about, SHOWN, key, { without: filter, table }).sort(
    byNetSales(column),
  );
}

const lineReport = () => reportOf("line", "line", "lines");
const countryReport = () => reportOf("country", "place");

function monthOf(day) {
  return `${day.slice(0, 7)}-01`;
}
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
// outside the dates have their own sales, to be shown pale.
function monthReport() {
  const key = by("date", ({ day }) => day && monthOf(day));
  const all = added(SHOWN, key, { without: "dates" });
  const now = added(SHOWN, key);
  const before = added(
    ["net_sales_amount"],
    by("date", ({ day }) => day && monthOf(yearLater(day))),
    { isIn: (day) => isInDates(day && yearLater(day)) },
  );
  const first = monthOf(data.first_date);
  return allMonths().map((month) => {
    const isInside =
      monthEnd(month) >= (state.from || "0") && month <= (state.to || "9");
    return {
      month_start_date: month,
      ...measures(SHOWN, (isInside ? now : all).get(month) ?? {}),
      previous_year_net_sales_amount:
        isInside && month >= yearLater(first)
          ? figure(metrics.net_sales_amount, before.get(month) ?? {})
          : null,
      is_complete_month: monthEnd(month) <= data.as_of_date,
      is_selected: isInside,
    };
  });
}

function recentReport() {
  const names = ["order_count", "net_sales_amount"];
  const key = (table) => {
    const line = by("line", (one) => one.product_line)(table);
    const region = by("place", (one) => one.region)(table);
    return (row) => JSON.stringify([line(row), region(row), table.is_now[row]]);
  };
  const found = added(names, key, { table: "recent" });
  const groups = Map.groupBy([...found.keys()].map(JSON.parse), ([line, region]) =>
    JSON.stringify([line, region]),
  );
  return [...groups.values()]
    .map(([[line, region]]) => {
      const [now, before] = [1, 0].map((isNow) =>
        measures(names, found.get(JSON.stringify([line, region, isNow])) ?? {}),
      );
      const change = now.net_sales_amount - before.net_sales_amount;
      return {
        product_line: line,
        region,
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
  const about = (order) => members.order_id[order];
  return perGroup(about, [...SHOWN, ...LATE], by("order_id"), { table: "late" })
    .filter((row) => row.order_id)
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
  perGroup((number) => members.customer[number], SHOWN, by("customer"), {
    table: "customers",
  }).sort(byNetSales("customer_name"));

const productReport = () =>
  perGroup((number) => members.product[number], SHOWN, by("product"), {
    table: hasDates() && !data.by_order ? "products_by_month" : "products",
  }).sort(byNetSales("product_name"));

const productProblem = () =>
  !data.by_order && hasDates() && state.region.length + state.country.length
    ? "Products are counted by dates or by places, not by both: remove one filter."
    : "";

// Panels.

// The columns of the tables and files: name in the warehouse, title and unit,
// which a metric has of its own. Where the first column and net sales are not
// what the chart shows, its text takes `label` and `measure`.
const metric = (name) => [name, metrics[name].label, metrics[name].unit];
const before = (name, column, words) => {
  const { label, unit } = metrics[name];
  return [column, `${label} ${words}`, unit];
};
const PANELS = {
  months: {
    report: monthReport,
    columns: [
      ["month_start_date", "Month", "month"],
      ...SALES.map(metric),
      before("net_sales_amount", "previous_year_net_sales_amount", "a year before"),
    ],
    pick: pickMonth,
  },
  lines: {
    report: lineReport,
    columns: [["product_line", "Product line", "text"], ...SALES.map(metric)],
    pick: (value) => toggle("line", value),
  },
  margins: {
    report: lineReport,
    columns: [
      ["product_line", "Product line", "text"],
      metric("net_sales_amount"),
      ...MARGIN.map(metric),
    ],
    measure: ["net_margin_amount", "net margin"],
    pick: (value) => toggle("line", value),
  },
  countries: {
    report: countryReport,
    columns: [
      ["country_name", "Country", "text"],
      ["region", "Region", "text"],
      ...SALES.map(metric),
      ...MARGIN.map(metric),
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
      ...SALES.map(metric),
      ...MARGIN.map(metric),
    ],
  },
  products: {
    report: productReport,
    problem: productProblem,
    columns: [
      ["product_name", "Product", "text"],
      ["product_line", "Product line", "text"],
      ...SALES.map(metric),
      ...MARGIN.map(metric),
    ],
  },
};

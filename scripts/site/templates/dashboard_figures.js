// The order lines that the page carries, those that match the filters, and what
// the metrics make of them: one report for each panel. Amounts are whole cents
// until they are shown: whole numbers add up exactly.

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

// What is filtered.
const emptyState = () => ({ line: [], region: [], country: [], from: "", to: "" });
let state = emptyState();

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

// One row for each value of a column: its metrics, and the rest of one line.
const perGroup = (column, rows = fitting()) =>
  groups(rows, column).map((group) => ({ ...group[0], ...measures(group) }));

// One row for each value of a filter's column. Those not chosen stay, marked, so
// that the chart can show them pale.
function reportOf(filter) {
  const column = COLUMNS[filter];
  const isSelected = (row) =>
    !state[filter].length || state[filter].includes(row[column]);
  return perGroup(column, fitting(filter))
    .map((row) => ({ ...row, is_selected: isSelected(row) }))
    .sort(byNetSales(column));
}

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
// outside the dates have their own sales, to be shown pale.
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
  return perGroup("order_id")
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
  perGroup("customer_id").sort(byNetSales("customer_name"));

const productReport = () =>
  perGroup("product_id").sort(byNetSales("product_name"));

// Panels.

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
    report: () => reportOf("line"),
    columns: [["product_line", "Product line", "text"], ...SALES],
    pick: (value) => toggle("line", value),
  },
  margins: {
    report: () => reportOf("line"),
    columns: [
      ["product_line", "Product line", "text"],
      metric("net_sales_amount"),
      ...MARGIN,
    ],
    measure: ["net_margin_amount", "net margin"],
    pick: (value) => toggle("line", value),
  },
  countries: {
    report: () => reportOf("country"),
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

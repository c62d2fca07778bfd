// Panels: what each shows of its report, and what a click on it does.

// The columns of the tables and files: name in the warehouse, title and unit,
// which a metric has of its own.
const metric = (name) => [name, metrics[name].label, metrics[name].unit];
const COMPARED = [
  ["previous_net_sales_amount", "Net sales before", "money"],
  ["net_sales_change_pct", "Change", "change"],
];
const TEXT = "text";
const CUSTOMER = ["customer_name", "Customer", TEXT];
const COUNTRY = ["country_name", "Country", TEXT];
const LINE = ["product_line", "Product line", TEXT];
const MONTH = ["month_start_date", "Month", "month"];

// `columns` are those of the table, the first one is clicked; `key` is what a click
// takes of a row, `pick` what it does. Where the chart shows something else than the
// first column and net sales, its text takes `label` and `measure`, and `chart` makes
// its rows. `isFixed` panels have days of their own. `repeated` are counts that do not
// add up over the rows, true where those of all rows are the metric's.
const PANELS = {
  months: {
    report: monthReport,
    columns: [MONTH, ...SALES.map(metric), ...COMPARED],
    pick: pickMonth,
  },
  lines: {
    report: lineReport,
    columns: [LINE, ...SALES.map(metric), ...MARGIN.map(metric), ...COMPARED],
    repeated: { order_count: true },
    pick: (value) => toggle("line", value),
  },
  recent: {
    report: recentReport,
    columns: [
      LINE,
      ["region", "Region", TEXT],
      metric("order_count"),
      ["previous_order_count", "Orders before", "count"],
      metric("net_sales_amount"),
      COMPARED[0],
      ["net_sales_change_amount", "Change", "money"],
      ["net_sales_change_pct", "Change %", "change"],
    ],
    repeated: { order_count: false, previous_order_count: false },
    isFixed: true,
    label: (row) => `${row.product_line}, ${row.region}`,
    pick: (value, row) => {
      Object.assign(state, { line: [value], region: [row.region] });
      setPeriod(data.by_order ? "30d" : "12m");
    },
  },
  countries: {
    report: countryReport,
    columns: [
      COUNTRY,
      ["region", "Region", TEXT],
      ...SHOWN.map(metric),
      ...COMPARED,
    ],
    pick: (value) => toggle("country", value),
  },
  customers: {
    report: customerReport,
    columns: [CUSTOMER, COUNTRY, ...SHOWN.map(metric), ...COMPARED],
    key: "customer_id",
    pick: data.by_order && ((value) => drill("customer", value, "orders")),
  },
  products: {
    report: productReport,
    problem: productProblem,
    repeated: { order_count: data.by_order },
    columns: [
      ["product_name", "Product", TEXT],
      LINE,
      ...SHOWN.map(metric),
      ...COMPARED,
    ],
  },
  receivables: {
    report: receivableReport,
    chart: ageReport,
    columns: [
      CUSTOMER,
      COUNTRY,
      ["net_sales_to_date_amount", "Net sales to date", "money"],
      ["paid_to_date_amount", "Paid to date", "money"],
      ["balance_amount", "Owed", "money"],
      ["credit_limit_amount", "Credit limit", "money"],
      ["limit", "Limit", TEXT],
      ...Object.entries(AGES).map(([name, age]) => [name, age, "money"]),
    ],
    label: (row) => row.age,
    measure: ["owed_amount", "owed"],
    isFixed: true,
    key: "customer_id",
    pick: data.by_order && ((value) => drill("customer", value, "orders")),
    // Accounts that are settled stay in the table.
    isEmpty: (rows) => !rows.length,
  },
  late: {
    report: lateReport,
    columns: [
      ["order_id", "Order", "id"],
      CUSTOMER,
      COUNTRY,
      ["order_status", "Status", TEXT],
      ["lateness", "Lateness", TEXT],
      ["order_date", "Ordered on", "day"],
      ["required_date", "Required by", "day"],
      ["days_late", "Days late", "days"],
      metric("ordered_amount"),
    ],
    label: (row) => `${row.customer_name}, order ${row.order_id}`,
    measure: ["days_late", "days late"],
    pick: data.by_order && ((value) => drill("order", value, "order_lines")),
  },
  payments: {
    report: paymentReport,
    columns: [
      MONTH,
      metric("ordered_amount"),
      metric("net_sales_amount"),
      metric("paid_amount"),
      ["unpaid_amount", "Net sales less paid", "money"],
    ],
    measure: ["paid_amount", "paid"],
    pick: pickMonth,
    isEmpty: (rows) => !rows.some((row) => row.net_sales_amount || row.paid_amount),
  },
  orders: {
    report: orderReport,
    columns: [
      ["order_id", "Order", "id"],
      ["order_date", "Ordered on", "day"],
      CUSTOMER,
      COUNTRY,
      ["order_status", "Status", TEXT],
      ["required_date", "Required by", "day"],
      ["shipped_date", "Shipped on", "day"],
      ["days_to_ship", "Days to ship", "days"],
      ["lateness", "Lateness", TEXT],
      metric("ordered_amount"),
      metric("net_sales_amount"),
      metric("net_margin_amount"),
    ],
    pick: (value) => drill("order", value, "order_lines"),
  },
  order_lines: {
    report: lineOfOrderReport,
    columns: [
      ["product_name", "Product", TEXT],
      ["product_id", "Number", TEXT],
      LINE,
      metric("quantity_ordered"),
      ["unit_price_amount", "Unit price", "price"],
      metric("ordered_amount"),
      metric("net_sales_amount"),
      ...MARGIN.map(metric),
    ],
  },
};

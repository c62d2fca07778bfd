// Reports: the rows of each panel. Their columns have the warehouse's names.

const SALES = [
  "order_count", "quantity_ordered", "ordered_amount", "cancelled_amount",
  "net_sales_amount",
];
const MARGIN = ["net_margin_amount", "net_margin_pct"];
const SHOWN = [...SALES, ...MARGIN];
const LATE = ["late_order_count", "past_due_order_count"];
const ALL_DAYS = { from: "", to: "" };
// For payments and accounts what an order has does not matter.
const WHATEVER_WAS_SOLD = { without: ["line", "status", "order"] };

function byNetSales(name) {
  return (one, other) =>
    other.net_sales_amount - one.net_sales_amount ||
    other.previous_net_sales_amount - one.previous_net_sales_amount ||
    (one[name] < other[name] ? -1 : 1);
}

// What net sales were before, and their change, for the rows of a report.
const change = (now, before) => ({
  previous_net_sales_amount: before,
  net_sales_change_pct: before === null ? null : growth(now, before),
});

// One row for each group: what is known of it, its metrics, and its net sales of the
// days that are compared, if any. `key` and `options` are those of `added`.
function perGroup(about, names, key, options = {}) {
  const own = tables[options.table];
  // Without days nothing was before.
  const compared = own && !("date" in own) ? null : comparison()?.span;
  const now = added(names, key, options);
  const net = metrics.net_sales_amount;
  const before = compared
    ? added(["net_sales_amount"], key, { ...options, span: compared })
    : new Map();
  return [...new Set([...now.keys(), ...before.keys()])].map((group) => {
    const row = { ...about(group), ...measures(names, now.get(group) ?? {}) };
    const amount = compared ? figure(net, before.get(group) ?? {}) : null;
    return { ...row, ...change(row.net_sales_amount, amount) };
  });
}

const isSelected = (filter, value) =>
  !state[filter].length || state[filter].includes(value);

// One row for each value of a filter's column. Those not chosen stay, marked, so
// that the chart can show them pale.
function reportOf(filter, name, table) {
  const column = COLUMNS[filter];
  const about = (key) => ({
    ...members[name].find((one) => one?.[column] === key),
    [column]: key,
    is_selected: isSelected(filter, key),
  });
  const key = by(name, (one) => one[column]);
  return perGroup(about, SHOWN, key, { without: [filter], table }).sort(
    byNetSales(column),
  );
}

const lineReport = () => reportOf("line", "line", "lines");

function countryReport() {
  const rows = reportOf("country", "place");
  if (!state.zeros) return rows;
  const seen = new Set(rows.map((row) => row.country_name));
  const before = comparison()?.span ? 0 : null;
  const more = members.place
    .filter((one) => one.country_name && !seen.has(one.country_name))
    .filter((one) => isSelected("region", one.region))
    .map((one) => ({
      ...one,
      is_selected: isSelected("country", one.country_name),
      ...measures(SHOWN, {}),
      ...change(0, before),
    }));
  return [...rows, ...more];
}

// All months between two days, so that the chart keeps its place and each can be
// clicked. Those outside the dates have their own figures, to be shown pale.
function perMonth(names, first, last, { span = chosenSpan(), ...options } = {}) {
  const all = added(names, byMonth(), { ...options, span: ALL_DAYS });
  const now = added(names, byMonth(), { ...options, span });
  return monthsOf(first, last).map((month) => {
    const isInside = !span.to || (monthEnd(month) >= span.from && month <= span.to);
    return {
      month_start_date: month,
      ...measures(names, (isInside ? now : all).get(month) ?? {}),
      is_complete_month: monthEnd(month) <= data.as_of_date,
      is_selected: isInside,
    };
  });
}

function monthReport() {
  const compared = comparison();
  const span = compared?.wanted ?? ALL_DAYS;
  const before = compared
    ? added(["net_sales_amount"], byMonth(compared.month), { span })
    : new Map();
  const known = compared?.month(data.first_date);
  return perMonth(SHOWN, data.first_date, data.last_date).map((row) => {
    const month = row.month_start_date;
    const amount =
      compared && row.is_selected && month >= known
        ? figure(metrics.net_sales_amount, before.get(month) ?? {})
        : null;
    return { ...row, ...change(row.net_sales_amount, amount) };
  });
}

// What was sold and what was paid, whatever was sold: a payment is for no product.
// The last one can be younger than the last order.
function paymentReport() {
  const names = ["ordered_amount", "net_sales_amount", "paid_amount"];
  // In their order; one that is not known has no name.
  const days = data.names.date.day.filter(Boolean);
  const [first, last] = [days[0], days.at(-1)];
  const options = { ...WHATEVER_WAS_SOLD, span: chosenSpan(last) };
  return perMonth(names, first, last, options).map((row) => ({
    ...row,
    unpaid_amount: row.net_sales_amount - row.paid_amount,
  }));
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
      const amount = now.net_sales_amount;
      return {
        product_line: line,
        region,
        order_count: now.order_count,
        previous_order_count: before.order_count,
        net_sales_amount: amount,
        net_sales_change_amount: amount - before.net_sales_amount,
        ...change(amount, before.net_sales_amount),
      };
    })
    .sort(byNetSales("product_line"));
}

const isLate = (row) => row.late_order_count || row.past_due_order_count;
const lateness = (row) =>
  row.late_order_count ? "Shipped late" : row.past_due_order_count ? "Past due" : "";

// What the page knows of an order, by its number.
function orderAbout(order) {
  if (!data.by_order) return members.order_id[order];
  const table = tables.heads;
  const row = headOf.get(order);
  const { day = "" } = members.date[table.date[row]] ?? {};
  const dayOf = (number) => (day && number ? addDays(day, number - 1) : "");
  const shipped = table.shipped[row];
  return {
    order_id: order,
    ...members.customer[table.customer[row]],
    ...members.status[table.status[row]],
    order_date: day,
    required_date: dayOf(table.required[row]),
    shipped_date: dayOf(shipped),
    days_to_ship: shipped ? shipped - 1 : null,
    days_late: table.days_late[row],
  };
}

function orderReport() {
  const names = [...SHOWN, ...LATE];
  const table = data.by_order ? "" : "late";
  return [...added(names, by("order_id"), { table })]
    .map(([order, sums]) => ({ ...orderAbout(order), ...measures(names, sums) }))
    .filter((row) => row.order_id)
    .map((row) => ({ ...row, lateness: lateness(row) }))
    .sort((one, other) => other.order_id - one.order_id);
}

const lateReport = () =>
  orderReport()
    .filter(isLate)
    .sort(
      (one, other) =>
        other.days_late - one.days_late || one.order_id - other.order_id,
    );

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

const lineOfOrderReport = () =>
  productReport()
    .filter((row) => row.quantity_ordered)
    .map((row) => ({
      ...row,
      unit_price_amount: ratio(row.ordered_amount, row.quantity_ordered, 1),
    }));

// Accounts at the end of a month.
const AGES = {
  owed_0_30_days_amount: "0 – 30 days",
  owed_31_60_days_amount: "31 – 60 days",
  owed_61_90_days_amount: "61 – 90 days",
  owed_over_90_days_amount: "over 90 days",
};

function receivableReport() {
  const table = tables.receivables;
  const names = Object.keys(table).filter((name) => name.endsWith("_amount"));
  return fitting(table, WHATEVER_WAS_SOLD)
    .map((row) => ({
      ...members.customer[table.customer[row]],
      ...Object.fromEntries(names.map((name) => [name, table[name][row]])),
      limit: table.is_over_credit_limit[row] ? "over the limit" : "",
    }))
    .sort((one, other) => other.balance_amount - one.balance_amount);
}

function ageReport() {
  const table = tables.receivables_by_place ?? tables.receivables;
  const rows = fitting(table, WHATEVER_WAS_SOLD);
  return Object.entries(AGES).map(([name, age]) => ({
    age,
    owed_amount: rows.reduce((sum, row) => sum + table[name][row], 0),
  }));
}

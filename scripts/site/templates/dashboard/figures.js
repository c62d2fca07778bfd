// What the metrics make of the cells that fit: each is a sum, a count of different
// values, or a ratio of two such.

const { metrics, tiles, worse } = JSON.parse(get("metrics").textContent);
const partsOf = (name) => metrics[name].parts ?? [metrics[name]];
const isOfPeople = (name) => partsOf(name).some(({ kind }) => kind === "customers");

// Adds up what metrics need, by group. Returns the sums by column, by group.
// `by` makes of a table what makes a key of a row. `table` is where the figures
// are, if it has them.
function added(names, by, { table: own = "", ...options } = {}) {
  const places = { order_lines: "lines", orders: "orders", payments: "payments" };
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
  const keys = new Map();
  const numbers = table[name];
  if (!of) return (row) => numbers[row];
  return (row) => {
    const number = numbers[row];
    if (!keys.has(number)) keys.set(number, of(members[name][number] ?? {}) ?? "");
    return keys.get(number);
  };
};
const byMonth = (month = monthOf) => by("date", ({ day }) => day && month(day));

// Returns how many customers fit in each group, or null where that is not known.
function customerCounts(column, group, span) {
  if (data.by_order) {
    const table = tables.orders;
    const key = group(table);
    const seen = Map.groupBy(
      fitting(table, { span }).filter((row) => table[column][row]),
      key,
    );
    return new Map(
      [...seen].map(([name, rows]) => [
        name,
        new Set(rows.map((row) => table.customer[row])).size,
      ]),
    );
  }
  const isAll = group === together;
  if (state.status.length || (state.line.length && (span.to || !isAll))) return null;
  const table = span.to || !isAll
    ? { ...tables.customers_by_month }
    : tables.customers_by_lines;
  // Each month of a customer is there once.
  if (!isAll) delete table.previous;
  const key = group(table);
  const found = new Map();
  for (const row of fitting(table, { span })) {
    found.set(key(row), (found.get(key(row)) ?? 0) + table[column][row]);
  }
  return found;
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
  const double = 2n * BigInt(Math.abs(whole));
  const rounded =
    (2n * BigInt(scale) * BigInt(Math.abs(part)) + BigInt(Math.abs(whole))) / double;
  return (Math.sign(part) * Math.sign(whole) * Number(rounded)) / scale;
}

const measures = (names, sums) =>
  Object.fromEntries(names.map((name) => [name, figure(metrics[name], sums)]));

// Returns the sums of metrics in some days, by group.
function sumsOf(names, group, span) {
  const found = added(names.filter((name) => !isOfPeople(name)), group, { span });
  for (const { column } of names.filter(isOfPeople).flatMap(partsOf)) {
    const counts = customerCounts(column, group, span);
    for (const key of new Set([...found.keys(), ...(counts?.keys() ?? [])])) {
      const count = counts && (counts.get(key) ?? 0);
      found.set(key, { ...found.get(key), [column]: count });
    }
  }
  return found;
}

const tileSums = (span) =>
  sumsOf(Object.keys(metrics), together, span).get("") ??
  // Where nothing fits nobody is counted, or it is not known.
  Object.fromEntries(
    Object.keys(metrics)
      .filter(isOfPeople)
      .flatMap(partsOf)
      .map(({ column }) => [column, customerCounts(column, together, span) && 0]),
  );

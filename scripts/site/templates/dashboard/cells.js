// The cells that the page carries, and which of them match the filters. A cell has
// the figures of an order or, on a page of many, of a month, a place and some
// product lines; it does not matter here, but for the columns that a table has.
// Amounts are whole cents until they are shown: whole numbers add up exactly.

const get = (id) => document.getElementById(id);
const data = JSON.parse(get("data").textContent);
const filters = get("filters");
// The filters by name, with the column that each looks at.
const COLUMNS = {
  line: "product_line",
  region: "region",
  country: "country_name",
  status: "order_status",
  customer: "customer_id",
  order: "order_id",
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
// An order has its place, customer, status and day in a row of the table heads.
const headOf = new Map(
  Array.from(tables.heads?.order_id ?? [], (order, row) => [order, row]),
);
if (data.by_order) {
  const { heads } = tables;
  for (const name of ["lines", "orders", "products"]) {
    const rows = tables[name].order_id.map((order) => headOf.get(order));
    for (const key of ["place", "customer", "status", "date"]) {
      tables[name][key] = rows.map((row) => heads[key][row]);
    }
  }
}
// What each filter can have, as texts. Only single orders have customers and
// numbers to look at.
const texts = (values) => new Set(Array.from(values, String));
const known = new Map([
  ["line", texts(data.names.line.product_line)],
  ["region", texts(data.names.place.region)],
  ["country", texts(data.names.place.country_name)],
  ["status", texts(data.names.status.order_status)],
  ["customer", texts(data.by_order ? data.names.customer.customer_id : [])],
  ["order", texts(headOf.keys())],
]);

// What is filtered. The values are texts, and days are, too: no time zone can move
// them. A period is a name that period.js knows, or "" for the days themselves.
const emptyState = () => ({
  ...Object.fromEntries(Object.keys(COLUMNS).map((name) => [name, []])),
  period: "12m",
  from: "",
  to: "",
  compare: "year",
  zeros: false,
});
let state = emptyState();

// Returns the product lines of a set, a number with a bit for each.
const linesOf = (set) =>
  members.line.filter((_, line) => Math.floor(set / 2 ** line) % 2);

const isIn = (day, { from, to }) => (!from || day >= from) && (!to || day <= to);

// Returns the rows of a table that fit. A filter counts where the table has its
// column; `without` names those that do not. `span` has the days.
function fitting(table, { without = [], span = chosenSpan() } = {}) {
  const chosen = Object.fromEntries(
    Object.keys(COLUMNS).map((name) => [name, new Set(state[name])]),
  );
  const isChosen = (name) => chosen[name].size && !without.includes(name);
  const fits = (name, value) => !isChosen(name) || chosen[name].has(String(value));
  // Columns that are not filtered need no look.
  const isOpen = {
    place: !isChosen("region") && !isChosen("country"),
    customer: !isChosen("customer"),
    status: !isChosen("status"),
    order_id: !isChosen("order"),
    line: !isChosen("line"),
    lines: !isChosen("line"),
    date: !span.from && !span.to,
  };
  const isFit = {
    place: (one) => fits("region", one.region) && fits("country", one.country_name),
    customer: (one) => fits("customer", one.customer_id),
    status: (one) => fits("status", one.order_status),
    order_id: (_, number) => fits("order", number),
    line: (one) => fits("line", one.product_line),
    lines: (_, set) => linesOf(set).some((one) => fits("line", one.product_line)),
    date: ({ day = "" }) => isIn(day, span),
    // A customer is counted once, in the first month that fits.
    previous: ({ day }) => !day || day < span.from,
  };
  const checks = Object.keys(isFit)
    .filter((name) => name in table && !isOpen[name])
    .map((name) => {
      const found = new Map();
      const numbers = table[name];
      return (row) => {
        const number = numbers[row];
        let fit = found.get(number);
        if (fit === undefined) {
          fit = isFit[name](members[name]?.[number] ?? {}, number);
          found.set(number, fit);
        }
        return fit;
      };
    });
  const rows = [];
  for (let row = 0; row < table.size; row++) {
    if (checks.every((check) => check(row))) rows.push(row);
  }
  return rows;
}

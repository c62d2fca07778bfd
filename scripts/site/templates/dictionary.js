// Searches the table that is in the page already: without this script the page
// is a plain table. The address keeps what was searched, to be sent on.

const form = document.getElementById("search");
const count = document.getElementById("count");
const nothing = document.getElementById("nothing");
const named = document.querySelector("#named tbody");

// What the metrics are called, and columns of the same name with them.
const labels = new Map(
  [...document.querySelectorAll("[data-kind=metric] strong")].map((label) => [
    label.closest("tr").id.replace("metrics.", ""),
    label.textContent.replace(/\.$/, ""),
  ]),
);

// Read once: reading all texts from the page at every key would be slow. The
// metrics are searched like a table.
const tables = [...document.querySelectorAll("#dictionary tbody[data-table]")].map(
  (body) => {
    const { table, schema, kind } = body.dataset;
    const isMetric = kind === "metric";
    const about = body.querySelector(".about");
    const rows = [...body.querySelectorAll("tr[id]")];
    return {
      body,
      schema,
      isMetric,
      // By its full name, as SQL writes it, too.
      text: `${schema}.${table} ${textOf(about)}`,
      columns: rows.map((row) => ({
        row,
        // Its id is table.column, so that each row is found by all names of
        // its table as well.
        text: `${kind} ${schema}.${row.id} ${ownText(row)}`.toLowerCase(),
        names: [
          row.id.slice(table.length + 1),
          row.id,
          `${schema}.${row.id}`,
          labels.get(row.id.slice(table.length + 1)) ?? "",
        ].map(spaced),
      })),
    };
  },
);

function textOf(element) {
  return tidy(element).toLowerCase();
}

// Without the line that says where a column comes from.
function ownText(element) {
  const from = element.querySelector(".from");
  const text = tidy(element);
  return from ? text.replace(tidy(from), "").trim() : text;
}

function plural(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

// Names are searched as they are spoken: net_sales_amount by `net sales`.
function spaced(name) {
  return name.toLowerCase().replaceAll("_", " ");
}

// 0 for the name itself, 1 for a metric of such words, 2 for the beginning of a
// column's name, 3 for beginnings of its words; no number for what is found
// elsewhere. The name of its table alone makes no column better.
function rank([name, full, longest, label], query, words, isMetric) {
  if ([name, full, longest, label].includes(query)) return 0;
  const some = (fit) => [name, label].some(fit);
  if (!some((one) => words.every((word) => ` ${one}`.includes(` ${word}`)))) {
    return undefined;
  }
  if (isMetric) return 1;
  return some((one) => one.startsWith(query)) ? 2 : 3;
}

// Rows that stand away from the heading of their table name it.
function nameTable(row, { body }) {
  if (row.querySelector(".of")) return;
  const { table } = body.dataset;
  const link = Object.assign(document.createElement("a"), {
    href: `#${table}`,
    textContent: table,
  });
  const small = document.createElement("small");
  small.className = "of";
  small.append("in ", link);
  row.cells[0].querySelector("a").after(small);
}

function show(query, schema) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const spoken = spaced(words.join(" "));
  const said = spoken.split(" ");
  const matches = (text) => words.every((word) => text.includes(word));
  const found = { metric: 0, column: 0, table: 0 };
  const best = [[], [], [], []];
  for (const table of tables) {
    const isMeant = !schema || table.schema === schema;
    let shown = 0;
    let moved = 0;
    for (const { row, text, names } of table.columns) {
      // Back to where it stands without a search.
      if (row.parentNode !== table.body) {
        for (const one of table.columns) table.body.append(one.row);
      }
      row.hidden = !(isMeant && matches(text));
      if (row.hidden) continue;
      shown += 1;
      const place = spoken ? rank(names, spoken, said, table.isMetric) : undefined;
      if (place === undefined) continue;
      moved += 1;
      best[place].push({ row, table, length: names[0].length });
    }
    // A table stays as the heading of its columns, or for its own text.
    const isTold = isMeant && matches(table.text);
    table.body.hidden = !(shown > moved || isTold);
    table.body.classList.toggle("brief", words.length > 0 && shown > 0);
    found[table.isMetric ? "metric" : "column"] += shown;
    found.table += table.isMetric || !(shown || isTold) ? 0 : 1;
  }
  // The shorter a name, the closer it is to what was asked for; metrics first.
  const isColumn = ({ table }) => !table.isMetric;
  best.forEach((list) =>
    list.sort((a, b) => isColumn(a) - isColumn(b) || a.length - b.length),
  );
  for (const { row, table } of best.flat()) {
    nameTable(row, table);
    named.append(row);
  }
  count.textContent =
    told(found) + (words.length || schema ? " match." : ".");
  for (const one of document.querySelectorAll("#dictionary table")) {
    one.hidden = !one.querySelector("tbody:not([hidden]) > tr");
  }
  nothing.hidden = Object.values(found).some(Boolean);
}

// Metrics are not in a table of the database, and counted only if there are
// any.
function told({ metric, column, table }) {
  const columns = `${plural(column, "column")} in ${plural(table, "table")}`;
  if (!metric) return columns;
  return plural(metric, "metric") + (table ? ` and ${columns}` : "");
}

function remember(query, schema, hash = "") {
  const wanted = new URLSearchParams();
  if (query.trim()) wanted.set("q", query.trim());
  if (schema) wanted.set("schema", schema);
  const search = wanted.size ? `?${wanted}` : "";
  history.replaceState(null, "", `${location.pathname}${search}${hash}`);
}

function search() {
  show(form.q.value, form.schema.value);
}

// What is shown, in the order of the page; quotes are doubled.
function asCsv() {
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  const labels = ["Type", "Meaning", "Tests", "Made of"];
  const lines = [
    ["schema", "table", "column", ...labels.map((one) => one.toLowerCase())],
  ];
  const places = new Map(
    tables.flatMap(({ body, columns }) =>
      columns.map(({ row }) => [row, body.dataset]),
    ),
  );
  for (const row of document.querySelectorAll("#dictionary tr[id]")) {
    if (row.hidden) continue;
    const { schema, table } = places.get(row);
    const cells = labels.map((label) =>
      listed(row.querySelector(`[data-label="${label}"]`)),
    );
    lines.push([schema, table, row.id.slice(table.length + 1), ...cells]);
  }
  return lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
}

// The text of a cell, of a list with a semicolon between; a metric has no
// tests, and a column is made of nothing else.
function listed(cell) {
  if (!cell) return "";
  const items = [...cell.querySelectorAll("li")];
  return (items.length ? items : [cell]).map(ownText).join("; ");
}

function tidy(element) {
  return element.textContent.replace(/\s+/g, " ").trim();
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([asCsv()], { type: "text/csv" }));
  link.download = "classicmodels-dictionary.csv";
  link.click();
  URL.revokeObjectURL(link.href);
}

function restore() {
  const wanted = new URLSearchParams(location.search);
  form.q.value = wanted.get("q") ?? "";
  form.schema.value = wanted.get("schema") ?? "";
  // An unknown schema does not filter.
  if (form.schema.selectedIndex < 0) form.schema.value = "";
  search();
}

// What the address leads to; one that was cut off in the mail leads nowhere.
function anchor() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

// A link to a column leads to it even where the search had hidden it.
function reveal() {
  const target = document.getElementById(anchor());
  if (!target) return;
  if (target.closest("[hidden]")) {
    form.reset();
    search();
    remember("", "", location.hash);
  }
  const table = tables.find(({ body }) => body.contains(target));
  if (table && target.matches("tr")) nameTable(target, table);
  target.scrollIntoView();
}

form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => {
  search();
  remember(form.q.value, form.schema.value);
});
document.getElementById("download").addEventListener("click", download);
window.addEventListener("hashchange", reveal);
window.addEventListener("popstate", () => {
  restore();
  reveal();
});
restore();
if (location.hash) reveal();

// Searches the table that is in the page already: without this script the page
// is a plain table. The address keeps what was searched, to be sent on.

const form = document.getElementById("search");
const count = document.getElementById("count");
const nothing = document.getElementById("nothing");

// Read once: reading 700 texts from the page at every key would be slow. The
// metrics are searched like a table.
const tables = [...document.querySelectorAll("#dictionary tbody")].map(
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
        text: `${kind} ${schema}.${row.id} ${textOf(row)}`.toLowerCase(),
      })),
    };
  },
);

function textOf(element) {
  return tidy(element).toLowerCase();
}

function plural(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function show(query, schema) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (text) => words.every((word) => text.includes(word));
  const found = { metric: 0, column: 0, table: 0 };
  for (const table of tables) {
    const isMeant = !schema || table.schema === schema;
    let shown = 0;
    for (const { row, text } of table.columns) {
      row.hidden = !(isMeant && matches(text));
      shown += row.hidden ? 0 : 1;
    }
    // A table stays as the heading of its columns, or for its own text.
    table.body.hidden = !(isMeant && (shown || matches(table.text)));
    table.body.classList.toggle("brief", words.length > 0 && shown > 0);
    found[table.isMetric ? "metric" : "column"] += shown;
    found.table += table.body.hidden || table.isMetric ? 0 : 1;
  }
  count.textContent =
    said(found) + (words.length || schema ? " match." : ".");
  for (const one of document.querySelectorAll("#dictionary table")) {
    one.hidden = !one.querySelector("tbody:not([hidden])");
  }
  nothing.hidden = tables.some(({ body }) => !body.hidden);
}

// Metrics are not in a table of the database, and counted only if there are
// any.
function said({ metric, column, table }) {
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
    ["schema", "table", "column", "type", "meaning", "tests", "made of"],
  ];
  for (const { body, columns } of tables) {
    for (const { row } of columns) {
      if (row.hidden || body.hidden) continue;
      const { schema, table } = body.dataset;
      const cells = labels.map((label) =>
        listed(row.querySelector(`[data-label="${label}"]`)),
      );
      lines.push([schema, table, tidy(row.cells[0]), ...cells]);
    }
  }
  return lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
}

// The text of a cell, of a list with a semicolon between; a metric has no
// tests, and a column is made of nothing else.
function listed(cell) {
  if (!cell) return "";
  const items = [...cell.querySelectorAll("li")];
  return (items.length ? items : [cell]).map(tidy).join("; ");
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
restore();
if (location.hash) reveal();

// The table of a panel: sorted, searched, added up, and saved as a file.

// So many rows are shown at most; a file has all.
const MOST_ROWS = 500;

// What a row is sorted and found by.
const sortable = (value) =>
  value?.whole === undefined ? value : value.whole ? value.part / value.whole : null;

// What is compared has columns only where there is something to compare.
const isCompared = ([name]) => COMPARED.some(([one]) => one === name);
const columnsOf = ({ columns, rows }) =>
  columns.filter(
    (column) => !isCompared(column) || rows.some((row) => row[column[0]] !== null),
  );

function foundRows(panel) {
  const words = (panel.search ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const columns = words.length ? columnsOf(panel) : [];
  const rows = panel.rows.filter((row) => {
    const text = columns
      .flatMap(([name, , unit]) => [
        written(row[name], unit),
        csvCell(row[name], unit),
      ])
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
  if (!panel.sort) return rows;
  const { name, sign } = panel.sort;
  // What has no value comes last.
  return rows.sort((one, other) => {
    const [a, b] = [sortable(one[name]), sortable(other[name])];
    if (isNothing(a) || isNothing(b)) return isNothing(a) - isNothing(b);
    return (a < b ? -sign : a > b ? sign : 0);
  });
}

// Returns the sum of a column, or null where its values do not add up. A part without
// a whole, such as a customer without sales before, counts in both sums.
function total({ repeated = {}, search }, [name, , unit], rows) {
  const values = rows
    .map((row) => row[name])
    .filter((value) => value !== null && value !== undefined);
  if (unit === "share" || unit === "change") {
    const sum = (side) => values.reduce((all, value) => all + value[side], 0);
    return { part: sum("part"), whole: sum("whole") };
  }
  if (!["count", "money"].includes(unit)) return null;
  if (!(name in repeated)) return values.reduce((sum, value) => sum + value, 0);
  if (search || !repeated[name]) return null;
  return figure(metrics[name], added([name], together).get("") ?? {});
}

function heading(section, panel, [name, title, unit]) {
  const { sort } = panel;
  const isSorted = sort?.name === name;
  const head = element("th", "", {
    scope: "col",
    className: isNumber(unit) ? "number" : "",
  });
  if (isSorted) head.ariaSort = sort.sign > 0 ? "ascending" : "descending";
  const button = element("button", title, { type: "button", className: "sort" });
  button.addEventListener("click", () => {
    // The largest numbers first, texts from A.
    const first = isNumber(unit) ? -1 : 1;
    panel.sort = { name, sign: isSorted ? -sort.sign : first };
    showTable(section, panel);
    const { cellIndex } = head;
    section.querySelectorAll("thead button")[cellIndex].focus();
  });
  head.append(button);
  return head;
}

function tableRow(panel, columns, row) {
  const line = document.createElement("tr");
  const [[first]] = columns;
  for (const [name, title, unit] of columns) {
    const text = written(row[name], unit);
    const cell = element(name === first ? "th" : "td", text);
    if (name === first) cell.scope = "row";
    if (isNumber(unit)) cell.className = "number";
    cell.dataset.label = title;
    const value = row[panel.key ?? first];
    if (name === first && panel.pick && !isNothing(value)) {
      const button = element("button", text, { type: "button", className: "pick", value });
      button.addEventListener("click", () => choose(panel, value, row));
      cell.replaceChildren(button);
    }
    line.append(cell);
  }
  return line;
}

function showTable(section, panel) {
  if (section.querySelector(".table").hidden) return;
  const rows = foundRows(panel);
  const columns = columnsOf(panel);
  const body = section.querySelector("tbody");
  const top = document.createElement("tr");
  top.append(...columns.map((column) => heading(section, panel, column)));
  section.querySelector("thead").replaceChildren(top);
  body.replaceChildren(
    ...rows.slice(0, MOST_ROWS).map((row) => tableRow(panel, columns, row)),
  );
  const totals = Object.fromEntries(
    columns.map((column) => [column[0], total(panel, column, rows)]),
  );
  const foot = tableRow({}, columns, totals);
  foot.cells[0].textContent = "Total";
  section.querySelector("tfoot").replaceChildren(foot);
  const shown = rows.length > MOST_ROWS ? `The first ${MOST_ROWS} of ` : "";
  section.querySelector(".found").textContent = shown + plural(rows.length, "row");
}

// Quotes a cell. A text that a spreadsheet would run as a formula gets an
// apostrophe in front; numbers are ours and stay.
function csvCell(value, unit) {
  if (isNothing(value)) return "";
  const text = (EXACT[unit] ?? String)(value);
  const safe = unit === "text" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csv(panel) {
  const columns = columnsOf(panel);
  const head = columns.map(([name]) => name).join(",");
  const body = foundRows(panel).map((row) =>
    columns.map(([name, , unit]) => csvCell(row[name], unit)).join(","),
  );
  // The mark in front makes spreadsheets read the letters as UTF-8.
  return `\ufeff${[head, ...body].join("\r\n")}\r\n`;
}

function save(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = `classicmodels-${name}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

// Charts: Vega draws them; their rows come from the panels.

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

// A map is about half as high as wide; other charts set their own height.
const MAPS = { world: 0.5, europe: 0.95 };

function fitMap(name, view, chart) {
  view.height(Math.round(chart.clientWidth * MAPS[name])).runAsync();
}

// What is not known is not shown, such as net sales before the data begin.
function tooltipOf(values, escaped) {
  const rows = Object.entries(values)
    .filter(([, value]) => !["null", "undefined"].includes(value))
    .map(
      ([title, value]) =>
        `<tr><td class="key">${escaped(title)}</td><td>${escaped(value)}</td></tr>`,
    );
  return `<table>${rows.join("")}</table>`;
}

const hideTooltip = () => get("vg-tooltip-element")?.classList.remove("visible");

async function draw(chart, spec, land) {
  const name = chart.dataset.chart;
  // The picture itself is hidden from screen readers, who get its label.
  const picture = chart.firstElementChild;
  const given = { land, rows: rowsOf.get(name) };
  for (const one of spec.data) if (one.name in given) one.values = given[one.name];
  const { view } = await window.vegaEmbed(picture, spec, {
    actions: false,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true, formatTooltip: tooltipOf },
  });
  views.set(name, view);
  if (name in MAPS) {
    fitMap(name, view, chart);
    window.addEventListener("resize", () => fitMap(name, view, chart));
  }
  const panel = PANELS[chart.closest("[data-panel]").dataset.panel];
  const key = panel.key ?? panel.columns[0][0];
  if (!panel.pick || panel.chart) return;
  chart.classList.add("pickable");
  view.addEventListener("click", (_, item) => {
    // The datum of a bar is its row, that of a label beside it has a value.
    const value = item?.datum?.[key] ?? item?.datum?.value;
    if (value) choose(panel, value, item.datum);
  });
}

async function drawCharts() {
  const read = async (id) => new TextDecoder().decode(await unzip(id));
  const script = document.createElement("script");
  script.textContent = await read("vega");
  document.head.append(script);
  const { charts, land } = JSON.parse(await read("specs"));
  for (const chart of document.querySelectorAll("[data-chart]")) {
    await draw(chart, charts[chart.dataset.chart], land);
  }
  performance.mark("charts");
}

function shape(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

const SPACE = 24;

// Returns what stands above the charts of a picture: the title, what is chosen, the
// note and the marks that are drawn.
function pictureHead(section) {
  const { isFixed } = PANELS[section.dataset.panel];
  const lines = [
    section.querySelector("h2").textContent,
    isFixed ? filterWords().join(" · ") : get("selection").textContent,
    section.querySelector(".note")?.textContent ?? "",
  ].filter(Boolean);
  const style = (row) => `font: ${row ? 12 : "600 16"}px sans-serif; fill: #1d2530`;
  const shapes = lines.map((text, row) =>
    shape("text", { x: SPACE, y: 28 + 20 * row, style: style(row) }, text),
  );
  const y = 28 + 20 * lines.length;
  let x = SPACE;
  for (const item of section.querySelectorAll(".marks li:not([hidden])")) {
    const [mark, words] = item.children;
    const { width, backgroundColor, opacity } = getComputedStyle(mark);
    const look = { fill: backgroundColor, opacity, width, height: 12 };
    shapes.push(shape("rect", { x, y: y - 10, ...look }));
    x += Number.parseFloat(width) + 6;
    shapes.push(shape("text", { x, y, style: style(1) }, words.textContent));
    x += 7 * words.textContent.length + 16;
  }
  return { shapes, height: y + 12 };
}

// Returns the charts of a panel side by side, below their head.
async function pictureOf(section) {
  const head = pictureHead(section);
  const holder = shape("svg", { style: "background: #ffffff" });
  holder.append(...head.shapes);
  let [left, height] = [SPACE, 0];
  for (const chart of section.querySelectorAll("[data-chart]")) {
    const text = await views.get(chart.dataset.chart).toSVG();
    const made = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    made.setAttribute("x", left);
    made.setAttribute("y", head.height);
    holder.append(made);
    left += Number(made.getAttribute("width")) + SPACE;
    height = Math.max(height, Number(made.getAttribute("height")));
  }
  const size = { width: left, height: height + head.height + SPACE };
  for (const [name, value] of Object.entries(size)) holder.setAttribute(name, value);
  const text = new XMLSerializer().serializeToString(holder);
  return { ...size, svg: new Blob([text], { type: "image/svg+xml" }) };
}

async function savePicture(section, kind) {
  // Before they are drawn there is nothing to save.
  const charts = [...section.querySelectorAll("[data-chart]")];
  if (!charts.every((one) => views.has(one.dataset.chart))) return;
  const name = `${section.dataset.panel}.${kind}`;
  const { svg, width, height } = await pictureOf(section);
  if (kind === "svg") return save(name, svg);
  const image = new Image();
  image.src = URL.createObjectURL(svg);
  await image.decode();
  // Twice as many points as on a plain screen.
  const canvas = Object.assign(document.createElement("canvas"), {
    width: 2 * width,
    height: 2 * height,
  });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  save(name, await new Promise((done) => canvas.toBlob(done)));
}

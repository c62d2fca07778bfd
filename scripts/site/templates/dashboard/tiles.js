// The tiles, each with its change and, if it is large, a line of its months.

// Returns the points of a line in a box of 100 by 24.
function points(values, largest) {
  return values
    .map((value, i) => {
      const x = (100 * i) / (values.length - 1);
      return `${x.toFixed(1)},${(23 - (22 * value) / largest).toFixed(1)}`;
    })
    .join(" ");
}

// Draws the months that are chosen, and those that they are compared with.
function showSparks() {
  const span = chosenSpan();
  const months = monthsOf(
    span.from || data.first_date,
    span.to || data.last_date,
  );
  const compared = comparison();
  const pictures = [...document.querySelectorAll(".spark")];
  const names = pictures.map((picture) => picture.dataset.metric);
  const sums = [
    compared?.span && sumsOf(names, byMonth(compared.month), compared.span),
    sumsOf(names, byMonth(), span),
  ];
  for (const picture of pictures) {
    const metric = metrics[picture.dataset.metric];
    const [before, now] = sums.map((found) =>
      found ? months.map((month) => figure(metric, found.get(month) ?? {})) : [],
    );
    const isKnown = months.length > 2 && !now.includes(null);
    const largest = Math.max(...now, ...before, 1);
    const [grey, line] = picture.querySelectorAll("polyline");
    grey.setAttribute("points", isKnown && before.length ? points(before, largest) : "");
    line.setAttribute("points", isKnown ? points(now, largest) : "");
  }
}

function showTiles() {
  const compared = comparison()?.span;
  const sums = tileSums(chosenSpan());
  const sumsBefore = compared && tileSums(compared);
  const write = (one, words) => {
    const value = figure(one, sums);
    return value === null ? "n/a" : words[one.unit](value);
  };
  for (const [name, others] of Object.entries(tiles)) {
    const one = metrics[name];
    const tile = get(name);
    const value = figure(one, sums);
    tile.value = isNothing(value) ? "" : EXACT[one.unit](value);
    tile.textContent = write(one, TILE);
    const all = write(one, { ...TILE, money: dollars });
    const parts = [...(one.parts ?? []), ...others.map((other) => metrics[other])].map(
      (other) => `${other.label}: ${write(other, TILE)}`,
    );
    if (all !== tile.textContent) parts.unshift(all);
    if (value === null && isOfPeople(name)) parts.push(NOT_COUNTED);
    const box = tile.closest(".tile");
    box.querySelector(".note").textContent = parts.join(" · ");
    const before = compared ? figure(one, sumsBefore) : null;
    showChange(box, one, name, value, before);
  }
  return figure(metrics.order_count, sums);
}

function showChange(box, one, name, now, before) {
  const words = changeWords(one, now, before);
  const change = box.querySelector(".change");
  change.textContent = words;
  const isUp = words.startsWith("+");
  const isSame = !words || /^0\.0/.test(words);
  const isGood = isUp !== worse.includes(name);
  change.className = `change${isSame ? "" : isGood ? " good" : " bad"}`;
  const was = isNothing(before) ? "" : `from ${TILE[one.unit](before)}`;
  box.querySelector(".was").textContent = was;
}

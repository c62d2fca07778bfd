// How values are written.

const plain = (number) => number.toLocaleString("en-US");

const exact = (cents) => (cents / 100).toFixed(2);

const dollars = (cents) =>
  (cents / 100).toLocaleString("en-US", { style: "currency", currency: "USD" });

const grouped = (cents) => dollars(cents).replace("$", "");

function short(cents) {
  const sign = cents < 0 ? "-" : "";
  const amount = Math.abs(cents) / 100;
  if (amount >= 1e9) return `${sign}$${(amount / 1e9).toFixed(2)}\u00a0B`;
  if (amount >= 1e6) return `${sign}$${(amount / 1e6).toFixed(2)}\u00a0M`;
  if (amount >= 1e4) return `${sign}$${(amount / 1e3).toFixed(1)}\u00a0k`;
  return dollars(cents);
}

function percent({ part, whole }) {
  const share = ratio(part, whole, 1000);
  if (share === null) return "n/a";
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return `${(100 * share || 0).toLocaleString("en-US", digits)}\u00a0%`;
}

const signed = ({ part, whole }) =>
  (ratio(part, whole, 1000) > 0 ? "+" : "") + percent({ part, whole });

const plural = (number, noun) => `${plain(number)} ${noun}${number === 1 ? "" : "s"}`;

// By unit: in a table, in a tile, and for a program.
const WRITE = {
  text: String,
  id: String,
  day: dayWords,
  month: (day) => dayWords(day).slice(2),
  count: plain,
  days: plain,
  money: grouped,
  price: grouped,
  share: percent,
  change: signed,
};
const TILE = { ...WRITE, money: short };
const shareOf = ({ part, whole }) => ratio(part, whole, 10000)?.toFixed(4) ?? "";
const EXACT = {
  count: String,
  days: String,
  money: exact,
  price: exact,
  share: shareOf,
  change: shareOf,
};
const isNumber = (unit) => unit in EXACT;
const isNothing = (value) =>
  value === null || value === undefined || value === "" || value.whole === 0;

const written = (value, unit) => (isNothing(value) ? "" : WRITE[unit](value));

// A change as a share of what was before; after a loss a gain is still a gain.
const growth = (now, before) => ({ part: now - before, whole: Math.abs(before) });

// How a figure changed: in percent, or a share in percentage points. Nothing where
// there was nothing before.
function changeWords({ unit }, now, before) {
  if (isNothing(now) || isNothing(before) || before === 0) return "";
  const sign = (number) => (number > 0 ? "+" : "");
  if (unit === "share") {
    const tenths = ({ part, whole }) => ratio(part, whole, 1000);
    const points = 100 * (tenths(now) - tenths(before));
    return `${sign(points)}${points.toFixed(1)}\u00a0pp`;
  }
  return signed(growth(now, before));
}

function element(name, text, properties = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  return Object.assign(made, properties);
}

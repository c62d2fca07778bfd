// The days that are chosen, and those that they are compared with. Days are texts
// such as 2005-05-31.

const DAY = 86_400_000;
const MONTHS = [
  "Jan", "Feb", "Mar", "Apr", "May", "Jun",
  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const monthOf = (day) => `${day.slice(0, 7)}-01`;
const asText = (time) => new Date(time).toISOString().slice(0, 10);
const timeOf = (day) => Date.parse(`${day}T00:00Z`);
const addDays = (day, number) => asText(timeOf(day) + number * DAY);
const earlier = (one, other) => (one < other ? one : other);
const later = (one, other) => (one < other ? other : one);

// The last day of a month.
function monthEnd(day) {
  const [year, number] = day.split("-").map(Number);
  return asText(Date.UTC(year, number, 0));
}

// The same day some months later, or the last one of a shorter month.
function addMonths(day, number) {
  const [year, month] = day.split("-").map(Number);
  const first = asText(Date.UTC(year, month - 1 + number, 1));
  return earlier(`${first.slice(0, 8)}${day.slice(8)}`, monthEnd(first));
}

// The same, for the last of some days: the end of a month stays one.
function addMonthsToEnd(day, number) {
  const moved = addMonths(day, number);
  return day === monthEnd(day) ? monthEnd(moved) : moved;
}

const monthsBetween = (from, to) =>
  12 * (to.slice(0, 4) - from.slice(0, 4)) + (to.slice(5, 7) - from.slice(5, 7));

// Returns all months from that of a day to that of another.
function monthsOf(from, to) {
  const number = monthsBetween(from, to) + 1;
  return Array.from({ length: Math.max(number, 0) }, (_, i) =>
    addMonths(monthOf(from), i),
  );
}

function dayWords(day) {
  const [year, month, number] = day.split("-").map(Number);
  return `${number} ${MONTHS[month - 1]} ${year}`;
}

function spanWords({ from, to }) {
  if (from === to) return dayWords(from);
  const start = from.slice(0, 4) === to.slice(0, 4)
    ? dayWords(from).slice(0, -5)
    : dayWords(from);
  return `${start} – ${dayWords(to)}`;
}

// The periods that have a name, in groups.
function periodNames() {
  const months = monthsOf(data.first_date, data.last_date);
  const quarters = months.map(
    (month) => `${month.slice(0, 4)}-Q${Math.ceil(month.slice(5, 7) / 3)}`,
  );
  const years = months.map((month) => month.slice(0, 4));
  return [
    ["", data.by_order ? ["all", "12m", "30d"] : ["all", "12m"]],
    ["Years", [...new Set(years)].reverse()],
    ["Quarters", [...new Set(quarters)].reverse()],
  ];
}

const PERIODS = new Set(periodNames().flatMap(([, names]) => names));
const PERIOD_WORDS = {
  all: "All",
  "12m": "Last 12 months",
  "30d": "Last 30 days",
};
const periodWords = (name) =>
  PERIOD_WORDS[name] ?? name.split("-").reverse().join(" ");

// Returns the days of a period, which can begin before the first order and end
// after the last; none for all.
function daysOf(period) {
  const asOf = data.as_of_date;
  if (period === "all") return { from: "", to: "" };
  if (period === "30d") return { from: addDays(asOf, -29), to: asOf };
  if (period === "12m") {
    return data.by_order
      ? { from: addDays(addMonthsToEnd(asOf, -12), 1), to: asOf }
      : { from: addMonths(monthOf(asOf), -11), to: monthEnd(asOf) };
  }
  const [year, quarter] = period.split("-Q").map(Number);
  const from = `${year}-${String(quarter ? 3 * quarter - 2 : 1).padStart(2, "0")}-01`;
  return { from, to: monthEnd(addMonths(from, quarter ? 2 : 11)) };
}

// Returns the days that the reader asked for: one that is left open is that of the
// data, whose last one is `newest`. Where cells have no days, the months are whole.
function askedSpan(newest = data.last_date) {
  if (state.period) return daysOf(state.period);
  const from = state.from || earlier(data.first_date, state.to);
  const to = state.to || later(newest, state.from);
  if (data.by_order) return { from, to };
  return { from: monthOf(from), to: monthEnd(to) };
}

// The same, to the end of the data: what is compared has the same length.
function chosenSpan(newest = data.last_date) {
  const { from, to } = askedSpan(newest);
  const last = data.by_order ? newest : monthEnd(newest);
  return { from, to: from > last ? to : earlier(to, last) };
}

const hasDates = () => Boolean(chosenSpan().to);

// Whether the reader asked for days outside the data.
function isCut() {
  const { from, to } = askedSpan();
  return Boolean(to) && (from < data.first_date || to > data.last_date);
}

// Returns what the chosen days are compared with: its `span`, where the data have
// it from its first month; and which `month` of the chosen ones stands against
// one of its days. Null where nothing is.
function comparison() {
  const span = chosenSpan();
  const isYear = state.compare === "year";
  // One order was never before, and after the data there is nothing to compare.
  if (state.compare === "none" || state.order.length) return null;
  if (span.from > data.last_date || (!isYear && !span.to)) return null;
  // All months can be compared with those a year before, all days with none.
  const yearLater = (day) => monthOf(addMonths(monthOf(day), 12));
  if (!span.to) return { span: null, wanted: null, month: yearLater };
  const isMonths = span.from === monthOf(span.from) && span.to === monthEnd(span.to);
  const months = isYear ? 12 : isMonths ? monthsBetween(span.from, span.to) + 1 : 0;
  const days = (timeOf(span.to) - timeOf(span.from)) / DAY + 1;
  const wanted = months
    ? {
        from: addMonths(span.from, -months),
        to: (isMonths ? addMonthsToEnd : addMonths)(span.to, -months),
      }
    : { from: addDays(span.from, -days), to: addDays(span.from, -1) };
  const month = (day) =>
    monthOf(months ? addMonths(monthOf(day), months) : addDays(day, days));
  const isThere = wanted.from >= monthOf(data.first_date);
  return { span: isThere ? wanted : null, wanted, month };
}

// The time axis: seconds since the epoch, ticks at round moments of the zone that is shown; pure.
const DAY = 86400;
const STEPS = [
  1,
  2,
  5,
  10,
  15,
  30,
  60,
  120,
  300,
  600,
  900,
  1800,
  3600,
  7200,
  10800,
  21600,
  43200,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
];
const MONTHS = [1, 2, 3, 6, 12, 24, 60],
  NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
// The epoch was a Thursday; weeks begin on Mondays.
const MONDAY = 4 * DAY;

// What the zone's clock shows, as if it were UTC, and back.
const offset = (seconds, zone) => (zone === "utc" ? 0 : -60 * new Date(seconds * 1000).getTimezoneOffset());
const shown = (seconds, zone) => seconds + offset(seconds, zone);
const meant = (clock, zone) => clock - offset(clock - offset(clock, zone), zone);

const two = (number) => String(number).padStart(2, "0");
function words(clock, step) {
  const date = new Date(clock * 1000),
    day = `${NAMES[date.getUTCMonth()]} ${date.getUTCDate()}`;
  if (step > 14 * DAY) return `${NAMES[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  if (clock % DAY === 0) return day;
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}${step < 60 ? `:${two(date.getUTCSeconds())}` : ""}`;
}

// The clock's round moments from one to another: at most so many.
function* rounds(from, to, most) {
  const step = STEPS.find((one) => (to - from) / one <= most);
  if (step) {
    const base = step > 2 * DAY ? MONDAY : 0;
    for (let at = Math.ceil((from - base) / step) * step + base; at <= to; at += step) yield [at, step];
    return;
  }
  const months = MONTHS.find((one) => (to - from) / (one * 30 * DAY) <= most) ?? MONTHS.at(-1);
  const first = new Date(from * 1000);
  for (
    let month = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months;
    ;
    month += months
  ) {
    const at = Date.UTC(Math.floor(month / 12), month % 12) / 1000;
    if (at > to) return;
    if (at >= from) yield [at, months * 30 * DAY];
  }
}

const kept = new Map();
// What plotly wants of ticks on a range of seconds; room and letter in pixels.
export function ticks([from, to], room, letter, zone) {
  const key = [from, to, room, letter, zone].join();
  if (!kept.has(key)) {
    if (kept.size > 20) kept.clear();
    kept.set(key, made(from, to, room, letter, zone));
  }
  return kept.get(key);
}
function made(from, to, room, letter, zone) {
  const tickvals = [],
    ticktext = [],
    most = Math.max(2, room / (letter * 7));
  for (const [clock, step] of rounds(shown(from, zone), shown(to, zone), most)) {
    const at = meant(clock, zone),
      text = words(clock, step);
    // An hour that clocks skip has no moments; one that they have twice must not step back.
    if (at < from || at > to || at <= tickvals.at(-1) || shown(at, zone) !== clock) continue;
    tickvals.push(at);
    // Words that the panel's edge would cut stay away; the tick stands.
    ticktext.push(((at - from) / (to - from)) * room + text.length * letter * 0.3 > room + 6 ? "" : text);
  }
  return { tickvals, ticktext };
}

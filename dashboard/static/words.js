// Numbers and verdicts as a tired reader wants them; the same words as words.py.
let names = {};
export function setPlain(table) { names = table; }
export const plain = (state) => names[state] ?? state.replaceAll("_", " ").toLowerCase();
// By hand: the first Intl.NumberFormat takes as long as two charts.
export const digits = (value, most) => String(Number(value.toPrecision(most)));
const whole = (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
const SIZES = [[1e9, 1e9, "G"], [1e6, 1e6, "M"], [1e4, 1e3, "k"]];
export const number = (value) => value === null || value === undefined ? "–"
  : SIZES.filter(([size]) => Math.abs(value) >= size).map(([, per, unit]) => `${digits(value / per, 3)} ${unit}`)[0]
    ?? (Math.abs(value) >= 100 ? whole(value) : digits(value, 2));
export const age = (s) => s === null || s === undefined ? "–" : s >= 172800 ? `${Math.round(s / 86400)} d` : s >= 7200 ? `${Math.round(s / 3600)} h` : s >= 120 ? `${Math.round(s / 60)} min` : `${Math.round(s)} s`;
const WHEN = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" };
export function clock(seconds, zone) {
  return new Date(seconds * 1000).toLocaleString("en-GB", zone === "utc" ? { ...WHEN, timeZone: "UTC", timeZoneName: "short" } : WHEN);
}

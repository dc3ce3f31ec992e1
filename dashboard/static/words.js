// Numbers and verdicts as a tired reader wants them; the same words as words.py.
let names = {};
export function setPlain(table) { names = table; }
export const plain = (state) => names[state] ?? state.replaceAll("_", " ").toLowerCase();
export const number = (value) => value === null || value === undefined ? "–"
  : new Intl.NumberFormat("en", { maximumSignificantDigits: value < 100 ? 2 : 4, notation: value >= 1e4 ? "compact" : "standard" }).format(value);
export const age = (s) => s === null || s === undefined ? "–" : s >= 172800 ? `${Math.round(s / 86400)} d` : s >= 7200 ? `${Math.round(s / 3600)} h` : s >= 120 ? `${Math.round(s / 60)} min` : `${Math.round(s)} s`;
export function clock(seconds, zone) {
  return new Date(seconds * 1000).toLocaleString(undefined, zone === "utc" ? { timeZone: "UTC", timeZoneName: "short" } : {});
}

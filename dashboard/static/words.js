// Numbers and verdicts as a tired reader wants them; the same words as words.py.
let names = {};
export function setPlain(table) { names = table; }
export const plain = (state) => names[state] ?? state.replaceAll("_", " ").toLowerCase();
const [two, three, whole] = [{ maximumSignificantDigits: 2 }, { maximumSignificantDigits: 3 }, { maximumFractionDigits: 0 }].map((one) => new Intl.NumberFormat("en", one));
const SIZES = [[1e9, 1e9, "G"], [1e6, 1e6, "M"], [1e4, 1e3, "k"]];
export const number = (value) => value === null || value === undefined ? "–"
  : SIZES.filter(([size]) => Math.abs(value) >= size).map(([, per, unit]) => `${three.format(value / per)} ${unit}`)[0]
    ?? (Math.abs(value) >= 100 ? whole : two).format(value);
export const age = (s) => s === null || s === undefined ? "–" : s >= 172800 ? `${Math.round(s / 86400)} d` : s >= 7200 ? `${Math.round(s / 3600)} h` : s >= 120 ? `${Math.round(s / 60)} min` : `${Math.round(s)} s`;
const WHEN = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" };
export function clock(seconds, zone) {
  return new Date(seconds * 1000).toLocaleString("en-GB", zone === "utc" ? { ...WHEN, timeZone: "UTC", timeZoneName: "short" } : WHEN);
}

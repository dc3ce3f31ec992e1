// Verdicts and moments in the words of judge/plain_words.py.
let names = {};
export function setPlain(table) { names = table; }
export const plain = (state) => names[state] ?? state.replaceAll("_", " ").toLowerCase();
export { digits, duration as age, short as number } from "./humanize.js";
const WHEN = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" };
export function clock(seconds, zone) {
  return new Date(seconds * 1000).toLocaleString("en-GB", zone === "utc" ? { ...WHEN, timeZone: "UTC", timeZoneName: "short" } : WHEN);
}

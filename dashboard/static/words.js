// Verdicts and moments in the words of judge/plain_words.py.
import { duration, short } from "./humanize.js";

export const age = duration;
export const number = short;
let names = {},
  groups = {};
export function setPlain(table, groupWords) {
  names = table;
  groups = groupWords;
}
export const plain = (state) => names[state] ?? state.replaceAll("_", " ").toLowerCase();
// A group's heading: "3 need attention".
export const counted = (group, number) => `${number.toLocaleString("en")} ${groups[group][number === 1 ? 0 : 1]}`;
const DAY = { day: "numeric", month: "short" },
  TIME = { hour: "2-digit", minute: "2-digit" };
const WHEN = { ...DAY, year: "numeric", ...TIME, second: "2-digit" };
const YEAR = { year: "numeric" };
// Kept: making one takes as long as a hundred uses of it.
const formats = new Map();
function written(ms, parts, zone, named = true) {
  const key = `${Object.keys(parts)} ${zone} ${named}`;
  if (!formats.has(key)) {
    const inZone = zone === "utc" ? { timeZone: "UTC", ...(named ? { timeZoneName: "short" } : {}) } : {};
    formats.set(key, new Intl.DateTimeFormat("en-GB", { ...parts, ...inZone }));
  }
  return formats.get(key).format(ms);
}
export const clock = (seconds, zone) => written(seconds * 1000, WHEN, zone);
// The same in few letters: today's without the day, this year's without the year.
export function shortClock(seconds, zone, now = Date.now()) {
  const at = seconds * 1000,
    day = (ms) => written(ms, { ...DAY, ...YEAR }, zone, false);
  const today = day(at) === day(now),
    thisYear = Math.abs(now - at) < 150 * 86400e3;
  return written(at, { ...(today ? {} : DAY), ...(thisYear ? {} : YEAR), ...TIME }, zone);
}
// A moment pointed at: to the second, with its day where the span has several.
export const moment = (seconds, zone, withDay) =>
  written(seconds * 1000, { ...(withDay ? DAY : {}), ...TIME, second: "2-digit" }, zone, false);
// Every moment that the server wrote in UTC, in the zone shown.
export function writeTimes(root, zone) {
  for (const time of root.querySelectorAll("time[data-time]")) {
    const write = time.closest(".facts") ? shortClock : clock,
      text = write(Number(time.dataset.time), zone);
    if (time.textContent !== text) time.textContent = text;
  }
}

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
const inZone = (zone) => (zone === "utc" ? { timeZone: "UTC", timeZoneName: "short" } : {});
export function clock(seconds, zone) {
  return new Date(seconds * 1000).toLocaleString("en-GB", { ...WHEN, ...inZone(zone) });
}
// The same in few letters: today's without the day, this year's without the year.
export function shortClock(seconds, zone, now = Date.now()) {
  const at = new Date(seconds * 1000),
    day = (moment) => moment.toLocaleDateString("en-GB", inZone(zone));
  const today = day(at) === day(new Date(now)),
    thisYear = Math.abs(now - at) < 150 * 86400e3;
  return at.toLocaleString("en-GB", {
    ...(today ? {} : DAY),
    ...(thisYear ? {} : { year: "numeric" }),
    ...TIME,
    ...inZone(zone),
  });
}
// Every moment that the server wrote in UTC, in the zone shown.
export function writeTimes(root, zone) {
  for (const time of root.querySelectorAll("time[data-time]")) {
    const write = time.closest(".facts") ? shortClock : clock,
      text = write(Number(time.dataset.time), zone);
    if (time.textContent !== text) time.textContent = text;
  }
}

// How fresh the page is: when it heard from the server last, and what it says while it does not.
import { showBadge, showNoNews } from "./badge.js";
import { number } from "./words.js";

const byId = (id) => document.getElementById(id),
  trouble = byId("trouble");
let heard = Date.now(),
  last = null;

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const time = (ms, zone) =>
  new Date(ms).toLocaleTimeString(
    "en-GB",
    zone === "utc" ? { ...CLOCK, timeZone: "UTC", timeZoneName: "short" } : CLOCK,
  );
export function say(text) {
  if (trouble.textContent !== text) trouble.textContent = text;
  trouble.hidden = !text;
}
// old: which panels are still shown instead of those asked for; empty: the ones asked for.
export function showError(error, old = "") {
  // What the head says already is not said again.
  const known = byId("main").hasAttribute("data-lost"),
    reason = known ? "" : `: ${error.message}`;
  say(`These numbers could not be brought up to date${reason}.${old} Trying again.`);
  byId("fresh").toggleAttribute("data-old", true);
}

// What is said of the whole fleet; alerts: the open ones, null when there is no evaluator.
export function fleetLine(fleet, alerts) {
  last = [fleet, alerts];
  const silent = fleet.daemons > 0 && fleet.silent === fleet.daemons,
    items = byId("fleet").querySelectorAll("li");
  items[0].firstChild.textContent = number(fleet.daemons);
  items[0].lastChild.data = fleet.daemons === 1 ? " daemon" : " daemons";
  items[1].firstChild.textContent = number(silent || !fleet.daemons ? null : fleet.backlog);
  // Of no daemon, or of none that speaks, nothing is known to be well.
  byId("fresh").toggleAttribute("data-nothing", silent || !fleet.daemons);
  // Only when it says something else: it is read aloud.
  if (byId("headline").textContent !== fleet.headline) byId("headline").textContent = fleet.headline;
  showBadge(alerts?.count ?? null, fleet.attention);
  byId("silent").hidden = !silent;
  byId("main").toggleAttribute("data-silent", silent);
  byId("main").removeAttribute("data-lost");
}

// Without news nobody knows how the daemons are: what was said last is not said again.
export function stale(zone) {
  document.body.classList.add("stale");
  showNoNews();
  // Of a store that was away from the start there is no news to name: the head keeps the reason.
  if (byId("main").hasAttribute("data-lost")) return;
  const text = `No news since ${time(heard, zone)}: the present is not known`;
  if (byId("headline") && byId("headline").textContent !== text) byId("headline").textContent = text;
}

// When the server was heard last, in the zone shown.
export function showHeard(zone) {
  byId("fresh").textContent = time(heard, zone);
}

export function fresh(zone) {
  heard = Date.now();
  if (document.body.classList.contains("stale")) {
    document.body.classList.remove("stale");
    if (last) fleetLine(...last);
  }
  showHeard(zone);
  byId("fresh").toggleAttribute("data-old", !trouble.hidden);
}

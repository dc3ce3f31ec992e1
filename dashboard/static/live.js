// How fresh the page is: when it heard from the server last, and what it says while it does not.
import { number } from "./words.js";

const byId = (id) => document.getElementById(id), trouble = byId("trouble"), title = document.title;
let heard = Date.now(), lastFleet = null;

const time = (ms, zone) => new Date(ms).toLocaleTimeString("en-GB", zone === "utc" ? { timeZone: "UTC" } : {});
export function say(text) { trouble.textContent = text; trouble.hidden = !text; }
export function showError(error) {
  say(`These numbers could not be brought up to date: ${error.message}. Trying again.`);
  byId("fresh").toggleAttribute("data-old", true);
}

export function fleetLine(fleet) {
  lastFleet = fleet;
  const shown = [fleet.daemons, fleet.behind, fleet.silent, fleet.unknown, fleet.daemons && fleet.silent === fleet.daemons ? null : fleet.backlog];
  byId("fleet").querySelectorAll("li").forEach((item, i) => {
    item.querySelector("b").textContent = number(shown[i]);
    item.toggleAttribute("data-some", shown[i] > 0);
    if (item.dataset.kind === "unknown") item.hidden = !shown[i];
    if (item.dataset.kind === "daemons") item.lastChild.data = shown[i] === 1 ? " daemon" : " daemons";
  });
  // Only when it says something else: it is read aloud.
  if (byId("headline").textContent !== fleet.headline) byId("headline").textContent = fleet.headline;
  document.title = fleet.behind ? `(${fleet.behind} behind) fedmsg queues` : "fedmsg queues";
  byId("silent").hidden = !(fleet.daemons && fleet.silent === fleet.daemons);
}

// Without news nobody knows how the daemons are: what was said last is not said again.
export function stale(zone) {
  document.body.classList.add("stale");
  const text = `No news since ${time(heard, zone)}: the present is not known`;
  if (byId("headline") && byId("headline").textContent !== text) byId("headline").textContent = text;
  document.title = "(no news) fedmsg queues";
}

export function fresh(zone) {
  heard = Date.now();
  if (document.body.classList.contains("stale")) {
    document.body.classList.remove("stale");
    document.title = title;
    if (lastFleet) fleetLine(lastFleet);
  }
  byId("fresh").textContent = time(heard, zone);
  byId("fresh").toggleAttribute("data-old", !trouble.hidden);
}

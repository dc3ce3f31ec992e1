// What the diagnosis rests on, drawn: the drain with its bounds, the usual range, incidents.
import { plain } from "./words.js";

const NS = "http://www.w3.org/2000/svg";
function shape(name, attributes) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
function tag(name, className, content) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = content;
  return made;
}

// From now on the left to when the backlog is gone: at the earliest, likely, at the latest.
export function drainBar(row, drain) {
  const holder = row.querySelector(".gone");
  if (!drain) {
    holder.querySelector("svg")?.remove();
    return;
  }
  const whole = (drain.latest ?? 2 * drain.seconds) * 1.05 || 1,
    at = (seconds) => Math.min(100, (100 * seconds) / whole);
  const svg = shape("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  const from = at(drain.earliest),
    to = drain.latest === null ? 100 : at(drain.latest);
  svg.append(shape("rect", { x: from, y: 0, width: Math.max(1, to - from), height: 10, class: "bounds" }));
  // Of wide bounds no time is likely.
  if (drain.claimed)
    svg.append(shape("rect", { x: Math.max(0, at(drain.seconds) - 1), y: 0, width: 2, height: 10, class: "likely" }));
  holder.querySelector("svg")?.remove();
  holder.append(svg);
}

export function incidents(list) {
  const holder = document.getElementById("incidents");
  if (!holder) return;
  const now = JSON.stringify(list.map((incident) => [incident.cause, incident.sentence]));
  if (holder.dataset.now === now) return;
  holder.dataset.now = now;
  holder.hidden = list.length === 0;
  holder.querySelector("ul").replaceChildren(
    ...list.map((incident) => {
      const item = document.createElement("li");
      item.dataset.severity = incident.cause === "UNKNOWN" ? "none" : String(incident.severity);
      item.append(
        tag("span", "state", plain(incident.cause)),
        " ",
        tag("span", "said", incident.sentence),
        " ",
        tag("span", "action", incident.action),
      );
      return item;
    }),
  );
}

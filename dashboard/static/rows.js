// A row's words and figures: what the server wrote once, kept up to date.
import { drainBar } from "./evidence.js";
import { age, number, plain } from "./words.js";

const tag = (name, className, content) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (content !== undefined) made.textContent = content;
  return made;
};

const NS = "http://www.w3.org/2000/svg";
// How the growth of the backlog divides: more arrivals on the left, slower handling on the right.
export function splitBar(row, split) {
  const holder = row.querySelector(".split");
  const whole = split ? Math.max(0, split.excess) + Math.max(0, split.lost) : 0;
  holder.hidden = !whole;
  if (!whole) return;
  const share = Math.round(100 * Math.max(0, split.excess) / whole);
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 100 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const [x, width, name] of [[0, share, "more"], [share, 100 - share, "slower"]]) {
    const part = document.createElementNS(NS, "rect");
    for (const [k, v] of Object.entries({ x, y: 0, width, height: 10, class: name })) part.setAttribute(k, v);
    svg.append(part);
  }
  holder.replaceChildren(svg, tag("span", "", `growth: ${share} % more arrivals, ${100 - share} % slower handling`));
}

export function fill(row, one) {
  row.dataset.state = one.state;
  row.dataset.rank = one.severity >= 3 ? 3 : one.severity >= 1 ? 2 : 0;
  if (one.state === "UNKNOWN") row.dataset.rank = "none";
  row.querySelector(".state").textContent = plain(one.state);
  row.querySelector(".text").textContent = one.text;
  const action = row.querySelector(".action");
  action.textContent = one.action && one.severity >= 1 && one.state !== "UNKNOWN" ? one.action : "";
  const shown = [number(one.backlog), age(one.oldest), number(one.arrival_rate), number(one.completion_rate), age(one.drain?.seconds ?? one.drain_seconds)];
  row.querySelector(".first i").textContent = one.silent ? "waited when last heard" : "waiting";
  row.querySelectorAll(".numbers b").forEach((b, i) => { b.textContent = shown[i]; });
  splitBar(row, one.split);
  drainBar(row, one.drain);
}

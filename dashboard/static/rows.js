// A row's words and figures: kept up to date with what the server answers.
import { drainBar } from "./evidence.js";
import { age, number, plain, shortClock } from "./words.js";

const tag = (name, className, content) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (content !== undefined) made.textContent = content;
  return made;
};
// Nothing is written that stands there already: what is not touched is not laid out again.
const write = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

const NS = "http://www.w3.org/2000/svg";
// The share, in per cent, from which on the growth has one reason: as diagnosis/rules/growth.py.
const WHOLE = 90;
// How the growth of the backlog divides: more arrivals on the left, slow processing on the right.
export function splitBar(row, split) {
  const holder = row.querySelector(".split");
  const key = JSON.stringify(split);
  if (holder.dataset.key === key) return;
  holder.dataset.key = key;
  const whole = split ? Math.max(0, split.excess) + Math.max(0, split.lost) : 0,
    share = whole ? Math.round((100 * Math.max(0, split.excess)) / whole) : 0;
  // Growth that has one reason has no parts: the row's sentence names it.
  holder.hidden = share <= 100 - WHOLE || share >= WHOLE;
  if (holder.hidden) return;
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 100 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const [x, width, name] of [
    [0, share, "more"],
    [share, 100 - share, "slower"],
  ]) {
    const part = document.createElementNS(NS, "rect");
    for (const [k, v] of Object.entries({ x, y: 0, width, height: 10, class: name })) part.setAttribute(k, v);
    svg.append(part);
  }
  holder.replaceChildren(svg, tag("span", "", `growth: ${share} % more arrivals, ${100 - share} % slow processing`));
}

// The first line: since when, how fast, until when.
function facts(row, daemon, zone) {
  const since = row.querySelector(".since"),
    dated = daemon.since && (daemon.severity || daemon.silent);
  if (!dated) since.replaceChildren();
  else {
    const time = since.querySelector("time") ?? tag("time");
    time.dataset.time = daemon.since;
    write(time, shortClock(daemon.since, zone));
    since.replaceChildren("since ", time, ` (${age(Date.now() / 1000 - daemon.since)})`);
  }
  write(row.querySelector(".pace"), daemon.pace);
  write(row.querySelector(".gone"), daemon.gone);
}

// Who knows of a row's alerts, and the button for who does not.
export function known(row, alert, { writable, zone }) {
  const holder = row.querySelector(".known"),
    key = JSON.stringify([alert ?? null, zone]);
  if (holder.dataset.key === key) return;
  holder.dataset.key = key;
  const parts = [];
  if (alert?.by.length) parts.push(tag("span", "", `acknowledged by ${alert.by.join(", ")}`));
  if (alert?.silenced_until) parts.push(tag("span", "", `silenced until ${shortClock(alert.silenced_until, zone)}`));
  if (alert?.ids.length && writable) {
    const button = tag("button", "ack", "acknowledge");
    button.type = "button";
    button.dataset.ids = alert.ids.join(",");
    button.setAttribute("aria-label", `Acknowledge the alert of ${row.dataset.consumer}`);
    parts.push(button);
  }
  holder.replaceChildren(...parts);
}

// A row far below the window has a name and a state: the rest is made as the first row has it.
export function complete(row) {
  if (!row.classList.contains("light")) return;
  const model = document.querySelector(".row:not(.light)"),
    [panels, strip] = ["panels", "strip"].map((name) => tag("div", name));
  for (const part of [".facts", ".text", ".action", ".split"])
    row.querySelector(".who").append(model.querySelector(part).cloneNode(true));
  row.append(model.querySelector(".numbers").cloneNode(true), panels, strip);
  // Nothing of the other row's stays.
  for (const part of row.querySelectorAll(".facts > span, .text, .action, .split")) {
    delete part.dataset.key;
    part.replaceChildren();
  }
  for (const value of row.querySelectorAll(".numbers b")) value.textContent = number(null);
  row.querySelector(".split").hidden = true;
  row.classList.remove("light");
}

// What groups, order and search need of every row.
export function mark(row, daemon) {
  const severity = daemon.state === "UNKNOWN" ? "none" : String(daemon.severity);
  if (row.dataset.state !== daemon.state) row.dataset.state = daemon.state;
  if (row.dataset.severity !== severity) row.dataset.severity = severity;
  write(row.querySelector(".state"), daemon.silent ? plain("daemon_silent") : plain(daemon.state));
}

export function fill(row, daemon, zone) {
  complete(row);
  mark(row, daemon);
  facts(row, daemon, zone);
  write(row.querySelector(".text"), daemon.text);
  write(
    row.querySelector(".action"),
    daemon.action && daemon.severity && daemon.state !== "UNKNOWN" ? daemon.action : "",
  );
  const shown = [
    number(daemon.backlog),
    age(daemon.oldest),
    number(daemon.arrival_rate),
    number(daemon.completion_rate),
  ];
  write(row.querySelector(".first i"), daemon.silent ? "waited then" : "waiting");
  row.querySelectorAll(".numbers b").forEach((b, i) => write(b, shown[i]));
  splitBar(row, daemon.split);
  drainBar(row, daemon.severity && !daemon.silent ? daemon.drain : null);
}

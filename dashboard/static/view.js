// What is looked at, and its place in the address: a link holds all of it.
export const SPANS = { now: 900, hour: 3600, day: 86400, week: 604800, month: 2678400, year: 31622400 };
const LISTS = ["columns", "host", "service", "consumer", "state"];
const TEXTS = { mode: "rate", zone: "local", find: "", sort: "worst" };
const main = document.getElementById("main");
const given = new URL(location).searchParams;

export const view = { span: main.dataset.span, start: "", end: "", zoom: null, compact: given.has("compact") };
for (const [name, usual] of Object.entries(TEXTS)) view[name] = given.get(name) || usual;
for (const name of LISTS) view[name] = new Set((given.get(name) || "").split(",").filter(Boolean));
if (given.get("span") in SPANS) view.span = given.get("span");
else if (given.has("start")) Object.assign(view, { span: "custom", start: given.get("start"), end: given.get("end") || "now" });
const from = Number(given.get("from")), to = Number(given.get("to"));
if (from > 0 && to > from) view.zoom = [from, to];

// The part of a request that says when; of a zoom its own bounds, for finer steps.
export function when() {
  if (view.zoom) return { start: String(Math.floor(view.zoom[0])), end: String(Math.ceil(view.zoom[1])) };
  return view.span === "custom" ? { start: view.start, end: view.end || "now" } : { span: view.span };
}

// A zoom within what can be asked for: at least a few seconds, at most an hour ahead.
export function bounded([from, to], now = Date.now() / 1000) {
  const width = Math.min(Math.max(to - from, 10), 3e8), end = Math.min(Math.max(to, from + width), now + 3600);
  return [end - width, end];
}

export function remember() {
  const query = new URLSearchParams();
  if (view.span === "custom") { query.set("start", view.start); query.set("end", view.end || "now"); }
  else if (view.span !== main.dataset.span || main.dataset.span === "custom") query.set("span", view.span);
  for (const [name, usual] of Object.entries(TEXTS)) if (view[name] !== usual) query.set(name, view[name]);
  for (const name of LISTS) if (view[name].size) query.set(name, [...view[name]].join(","));
  if (view.compact) query.set("compact", "1");
  if (view.zoom) { query.set("from", Math.round(view.zoom[0])); query.set("to", Math.round(view.zoom[1])); }
  const text = query.toString();
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
}

// "2026-11-24 09:30" in the zone shown, "-3h", "now" or seconds since the epoch, for the API.
export function moment(text, zone) {
  const plain = text.trim();
  if (/^(now|-\d{1,9}[smhdwy]?|\d{9,11})$/.test(plain)) return plain;
  const found = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?$/.exec(plain);
  const ms = found ? Date.parse(`${found[1]}T${found[2] || "00:00"}${zone === "utc" ? "Z" : ""}`) : NaN;
  return Number.isNaN(ms) ? null : String(Math.floor(ms / 1000));
}

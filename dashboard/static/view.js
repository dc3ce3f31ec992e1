// What is looked at, and its place in the address: a link holds all of it.
export const SPANS = { now: 900, hour: 3600, "6h": 21600, day: 86400, week: 604800, month: 2678400, year: 31622400 };
const LISTS = ["columns", "host", "service", "consumer", "state"];
const TEXTS = { mode: "rate", zone: "local", find: "", sort: "worst" };
const main = globalThis.document?.getElementById("main");
const usualSpan = main?.dataset.span ?? "now";

// What an address asks for; usual: the span of an address that names none.
export function fromAddress(params, usual) {
  const settings = {
    span: usual,
    start: "",
    end: "",
    zoom: null,
    compact: params.has("compact"),
    large: params.has("large"),
  };
  for (const [name, text] of Object.entries(TEXTS)) settings[name] = params.get(name) || text;
  for (const name of LISTS) settings[name] = new Set((params.get(name) || "").split(",").filter(Boolean));
  if (Object.hasOwn(SPANS, params.get("span"))) settings.span = params.get("span");
  else if (params.has("start"))
    Object.assign(settings, { span: "custom", start: params.get("start"), end: params.get("end") || "now" });
  const from = Number(params.get("from")),
    to = Number(params.get("to"));
  if (from > 0 && to > from) settings.zoom = [from, to];
  return settings;
}

// The query of what is looked at; a span equal to ``usual`` is left out.
export function toAddress(looked, usual) {
  const query = new URLSearchParams();
  if (looked.span === "custom") {
    query.set("start", looked.start);
    query.set("end", looked.end || "now");
  } else if (looked.span !== usual) query.set("span", looked.span);
  for (const [name, text] of Object.entries(TEXTS)) if (looked[name] !== text) query.set(name, looked[name]);
  for (const name of LISTS) if (looked[name].size) query.set(name, [...looked[name]].join(","));
  if (looked.compact) query.set("compact", "1");
  if (looked.large) query.set("large", "1");
  if (looked.zoom) {
    query.set("from", Math.round(looked.zoom[0]));
    query.set("to", Math.round(looked.zoom[1]));
  }
  return query.toString();
}

export const view = fromAddress(new URLSearchParams(globalThis.location?.search), usualSpan);

// What the back button goes back over: the span, and whether it is zoomed; not each key typed.
const place = () => [view.span, view.start, view.end, view.zoom !== null].join();
let last = place();
export function remember() {
  const query = toAddress(view, usualSpan === "custom" ? "" : usualSpan),
    next = place();
  history[next === last ? "replaceState" : "pushState"](null, "", query ? `?${query}` : location.pathname);
  last = next;
}
export function recall() {
  Object.assign(view, fromAddress(new URLSearchParams(location.search), usualSpan));
  last = place();
}

// The part of a request that says when; of a zoom its own bounds, for finer steps.
export function when() {
  if (view.zoom) return { start: String(Math.floor(view.zoom[0])), end: String(Math.ceil(view.zoom[1])) };
  return view.span === "custom" ? { start: view.start, end: view.end || "now" } : { span: view.span };
}

// A zoom within what can be asked for: at least a few seconds, at most an hour ahead.
export function bounded([from, to], now = Date.now() / 1000) {
  const width = Math.min(Math.max(to - from, 10), 3e8),
    end = Math.min(Math.max(to, from + width), now + 3600);
  return [end - width, end];
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31622400 };
// Seconds since the epoch of what a request calls "now", "-3h" or names in seconds.
export function seconds(text, now) {
  if (!text || text === "now") return now;
  const ago = /^-(\d+)([smhdwy])?$/.exec(text);
  return ago ? now - Number(ago[1]) * UNITS[ago[2] ?? "s"] : Number(text);
}
export function bounds(looked, now = Date.now() / 1000) {
  if (looked.zoom) return looked.zoom;
  return looked.span === "custom"
    ? [seconds(looked.start, now), seconds(looked.end, now)]
    : [now - SPANS[looked.span], now];
}

// The span before (-1) or after (1) this one; what would reach into the future ends now.
export function stepped(looked, direction, now = Date.now() / 1000) {
  const [from, to] = bounds(looked, now),
    width = to - from;
  // Whole minutes are shorter to read; of less than a quarter of an hour they would be a jump.
  const whole = width >= 900 ? 60 : 1,
    end = Math.floor((to + direction * width) / whole) * whole;
  if (end < now - whole)
    return { span: "custom", start: String(Math.floor(end - width)), end: String(Math.floor(end)), zoom: null };
  const preset = Object.keys(SPANS).find((name) => Math.abs(SPANS[name] - width) <= 1);
  return preset
    ? { span: preset, zoom: null }
    : { span: "custom", start: `-${Math.round(width)}`, end: "now", zoom: null };
}

// "2026-11-24 09:30" in the zone shown, "-3h", "now" or seconds since the epoch, for the API.
export function moment(text, zone) {
  const plain = text.trim();
  if (/^(now|-\d{1,9}[smhdwy]?|\d{9,11})$/.test(plain)) return plain;
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?$/.exec(plain);
  const ms = match ? Date.parse(`${match[1]}T${match[2] || "00:00"}${zone === "utc" ? "Z" : ""}`) : NaN;
  return Number.isNaN(ms) ? null : String(Math.floor(ms / 1000));
}
// The same the other way: seconds since the epoch as the fields write them, all else as it is.
export function written(text, zone) {
  if (!/^\d{9,11}$/.test(text)) return text;
  const at = new Date(Number(text) * 1000),
    shift = zone === "utc" ? 0 : at.getTimezoneOffset() * 60000;
  const iso = new Date(at - shift).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, iso.slice(17, 19) === "00" ? 16 : 19)}`;
}

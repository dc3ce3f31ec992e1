// The series that rows need: one request for several rows.
import { ROOT } from "./ask.js";
import { view, when } from "./view.js";

// Spans in which restarts are asked for: on longer ones they are too many to read.
const SHORT_SPANS = ["now", "hour"];

export const tiedTo = (row) => (row.ties ??= JSON.parse(row.dataset.tied || "[]"));

export function request(wanted, specs, single) {
  const query = new URLSearchParams(when());
  wanted.forEach((row) => query.append("daemon", row.dataset.id));
  const shown = specs.filter((spec) => spec.always || view.columns.has(spec.metric));
  const metrics = shown.filter((spec) => !spec.stack).flatMap((spec) => [spec.metric, ...spec.also]);
  query.set("metrics", [...new Set(metrics)].join(","));
  if (specs.some((spec) => spec.stack)) query.set("topics", "1");
  if (wanted.some((row) => tiedTo(row).length)) query.set("tied", "1");
  if (single || SHORT_SPANS.includes(view.span)) query.set("restarts", "1");
  if (!view.compact) query.set("usual", "1");
  return `/api/v1/series?${query}`;
}

// Paper does not wait for an answer that comes later.
export function askAtOnce(path) {
  const asked = new XMLHttpRequest();
  asked.open("GET", ROOT + path, false);
  asked.send();
  return asked.status === 200 ? JSON.parse(asked.responseText) : null;
}

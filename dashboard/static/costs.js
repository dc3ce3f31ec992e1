// A daemon's costs: worker time by topic and the slowest messages, as templates/costs.html writes them.
import { ask } from "./ask.js";
import { duration, short } from "./humanize.js";
import { clock } from "./words.js";

const byId = (id) => document.getElementById(id);
// Milliseconds between two questions: a table of a whole span changes slowly.
const PAUSE = 30000;
const UNKNOWN =
  "Which messages were slow is not known: the daemon runs without the plugin or with an older one, or neither evidence nor sockets is set.";
const NONE = "No message of the last hour took 10 ms or longer.";

function cell(...content) {
  const made = document.createElement("td");
  made.append(...content);
  return made;
}
function line(...cells) {
  const made = document.createElement("tr");
  made.append(...cells);
  return made;
}
function plainly(name) {
  const made = document.createElement("bdi");
  made.textContent = name;
  return made;
}
// As the template has it: another zone rewrites it.
function momentOf(seconds, zone) {
  const made = document.createElement("time");
  made.dataset.time = seconds;
  made.textContent = clock(seconds, zone);
  return made;
}
function shareOf(share) {
  if (share === null) return ["unknown"];
  const made = document.createElement("meter");
  [made.min, made.max, made.value] = [0, 1, share];
  return [made, ` ${(100 * share).toFixed(0)}%`];
}
function idOf({ id, link }) {
  if (!link) return id || "without an id";
  const made = document.createElement("a");
  [made.href, made.rel, made.textContent] = [link, "noreferrer noopener", id];
  return made;
}

function show({ topics, slowest }, view) {
  byId("costs").hidden = !topics.length && slowest === null;
  const costs = topics.map((cost) =>
    line(
      cell(plainly(cost.topic)),
      cell(short(cost.messages)),
      cell(duration(cost.per_message)),
      cell(duration(cost.seconds)),
      cell(...shareOf(cost.share)),
    ),
  );
  byId("topic-costs").tBodies[0].replaceChildren(...costs);
  const rows = (slowest ?? []).map((message) =>
    line(
      cell(momentOf(message.end, view.zone)),
      cell(duration(message.seconds)),
      cell(plainly(message.topic)),
      cell(idOf(message)),
    ),
  );
  byId("slowest").tBodies[0].replaceChildren(...rows);
  byId("noslowest").textContent = slowest === null ? UNKNOWN : slowest.length ? "" : NONE;
}

// Ask again when the span is another one, else at most every half minute; what fails is asked again.
let asked = "",
  at = Number.NEGATIVE_INFINITY;
export async function showCosts(when, view) {
  const section = byId("costs");
  if (!section) return;
  const query = new URLSearchParams({ ...when, daemon: section.dataset.daemon }).toString();
  if (query === asked && performance.now() - at < PAUSE) return;
  [asked, at] = [query, performance.now()];
  const { body, same } = await ask(`/api/v1/costs?${query}`);
  if (!same || query !== asked) show(body, view);
}

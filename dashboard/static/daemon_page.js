// A daemon's own page: the numbers as a table, the marks as a list, a note to add.
import { ROOT } from "./ask.js";
import { clock, writeTimes } from "./words.js";

const byId = (id) => document.getElementById(id);
const cell = (name, text) => {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
};
const ROWS = 60;
const write = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });

export function table(answer, view) {
  const holder = byId("numbers"),
    row = answer.daemons[0];
  if (!holder || !row) return;
  const names = Object.keys(row.series),
    count = Math.round((answer.end - answer.start) / answer.step);
  const head = document.createElement("tr");
  head.append(
    ...["step's end", ...names].map((name) => {
      const th = cell("th", name);
      th.scope = "col";
      return th;
    }),
  );
  const body = [];
  for (let i = count - 1; i >= 0 && body.length < ROWS; i -= 1) {
    const line = document.createElement("tr");
    line.append(
      cell("td", clock(answer.start + (i + 1) * answer.step, view.zone)),
      ...names.map((name) => {
        const v = row.series[name][i];
        return cell("td", v === null ? "unknown" : write.format(v));
      }),
    );
    body.push(line);
  }
  holder.querySelector("thead").replaceChildren(head);
  holder.querySelector("tbody").replaceChildren(...body);
}

// What is downloaded is what is looked at.
export function links(when) {
  for (const link of document.querySelectorAll("a[data-when]")) {
    const url = new URL(link.href);
    for (const name of ["span", "start", "end"]) url.searchParams.delete(name);
    for (const [name, value] of Object.entries(when)) url.searchParams.set(name, value);
    link.href = url.href;
  }
}

// The evidence as the server words it, fetched again when it has changed; at most once a poll.
let shown;
export async function evidence(daemon, view) {
  const key = JSON.stringify([daemon?.state, daemon?.evidence, daemon?.missing, daemon?.sibling_note]),
    first = shown === undefined;
  if (key === shown) return;
  shown = key;
  if (first) return;
  const page = await fetch(location.href).then((response) => (response.ok ? response.text() : ""));
  const evidence = new DOMParser().parseFromString(page, "text/html").getElementById("evidence");
  if (!evidence) return;
  writeTimes(evidence, view.zone);
  byId("evidence").replaceChildren(...evidence.childNodes);
}

export function marks(notes, restarts, view) {
  const holder = byId("marks");
  if (!holder) return;
  const all = [
    ...notes.map((note) => [note.time, note.by ? `${note.text} (${note.by})` : note.text]),
    ...restarts.map((time) => [time, "restarted"]),
  ].sort((a, b) => b[0] - a[0]);
  holder.replaceChildren(...all.map(([time, text]) => cell("li", `${clock(time, view.zone)}: ${text}`)));
  byId("nomarks").hidden = all.length > 0;
}

export function notes(daemon, added) {
  const form = byId("note");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const statusLine = byId("noted");
    try {
      const response = await fetch(`${ROOT}/api/v1/marks`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Token": encodeURIComponent(form.elements.token.value) },
        body: JSON.stringify({ text: form.elements.text.value, daemon }),
      });
      const answer = await response.json();
      statusLine.textContent = response.ok ? "Kept." : (answer.error?.message ?? "Not kept.");
      if (response.ok) {
        form.elements.text.value = "";
        added();
      }
    } catch (error) {
      statusLine.textContent = `Not kept: ${error.message}`;
    }
  });
}

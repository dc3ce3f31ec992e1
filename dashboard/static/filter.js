// Which rows are shown and in which order: the search, the filters, the sort.
import { remember, view } from "./view.js";

const byId = (id) => document.getElementById(id), main = byId("main");
const FILTERS = ["host", "service", "consumer", "state"];
export const rows = () => [...main.querySelectorAll(".row")];

// states: what the server said last, by id, with each one's place in its order.
export function arrange(states) {
  if (!byId("nomatch")) return;
  const place = (row) => states.get(row.dataset.id);
  const key = { worst: (r) => place(r)?.place ?? 0, name: (r) => r.dataset.id, backlog: (r) => -(place(r)?.backlog ?? 0) }[view.sort] || ((r) => r.dataset.id);
  const now = rows(), words = view.find.toLowerCase().split(/\s+/).filter(Boolean);
  const sorted = states.size ? [...now].sort((a, b) => { const x = key(a), y = key(b); return x < y ? -1 : x > y ? 1 : 0; }) : now;
  if (sorted.some((row, i) => row !== now[i])) sorted.forEach((row) => main.insertBefore(row, byId("nomatch")));
  for (const row of now) {
    const text = `${row.dataset.search} ${row.dataset.state.toLowerCase()} ${row.querySelector(".state").textContent.toLowerCase()}`;
    row.hidden = !words.every((word) => text.includes(word)) || FILTERS.some((name) => view[name].size && !view[name].has(row.dataset[name]));
  }
  byId("nomatch").hidden = now.length === 0 || now.some((row) => !row.hidden);
}

export function wireFilters(changed) {
  for (const name of FILTERS) {
    const field = byId(name);
    if (!field) continue;
    field.value = [...view[name]][0] ?? "";
    field.addEventListener("change", () => { view[name] = new Set(field.value ? [field.value] : []); remember(); changed(); });
  }
  const find = byId("find"), sort = byId("sort");
  if (find) { find.value = view.find; find.addEventListener("input", () => { view.find = find.value; remember(); changed(); }); }
  if (sort) { sort.value = view.sort; sort.addEventListener("change", () => { view.sort = sort.value; remember(); changed(); }); }
}

// What was received by topic: the busiest on the ground of a stack, the others together on top; pure.
import { prefix } from "./curves.js";

// Topics with a colour of their own.
export const MAX_NAMED = 7;
// What the daemon itself lumps together.
const OTHER = "other";

const sum = (points) => points.reduce((total, value) => total + (value ?? 0), 0);
const added = (all) =>
  all[0].map((_, i) => (all.every((points) => points[i] === null) ? null : sum(all.map((points) => points[i]))));

// [{name without what all begin with, points}], at most MAX_NAMED and "all others".
export function stackOf(topics) {
  const all = Object.entries(topics ?? {}),
    named = all.filter(([name]) => name !== OTHER);
  const ranked = named
    .map(([name, points]) => ({ name, points, total: sum(points) }))
    .sort((a, b) => b.total - a.total);
  const shared = prefix(ranked.map(({ name }) => name));
  const shown = ranked.slice(0, MAX_NAMED).map(({ name, points }) => ({ name: name.slice(shared), points }));
  const rest = [
    ...ranked.slice(MAX_NAMED).map(({ points }) => points),
    ...all.filter(([name]) => name === OTHER).map(([, points]) => points),
  ];
  return rest.length ? [...shown, { name: "all others", points: added(rest), rest: true }] : shown;
}

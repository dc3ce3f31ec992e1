// The words of one panel: values, moments, cut peaks, and what it says to who cannot see it; pure.
// As draw/labels.py.
import { ticks } from "./axis.js";
import { short } from "./humanize.js";
import { runs } from "./paths.js";
import { valueTicks } from "./scale.js";
import { isPercent } from "./shapes.js";

// Cut peaks with words in a panel, and how far apart (share of its width) words must be.
const MAX_CUTS = 3,
  MIN_APART = 0.2;
// From this share of the width on a peak's words stand to its left.
const LEFT_FROM = 0.7;

export const worded = (value, spec) => (isPercent(spec) ? `${short(100 * value)} %` : short(value));

// A share of the width or height, in per cent with one digit.
function percent(share) {
  const permille = Math.floor(1000 * share + 0.5);
  return `${Math.floor(permille / 10)}.${permille % 10}%`;
}

// Where a peak is cut: the highest first, and words only where they have room.
function cuts({ spec, merged, columns: { times }, top, range, cut }) {
  if (!cut) return [];
  const share = (i) => ((times[i] + times[i + 1]) / 2 - range[0]) / (range[1] - range[0]);
  const peaks = runs(merged.most.length, (i) => merged.most[i] !== null && merged.most[i] > top)
    .map(([first, past]) => {
      let best = first;
      for (let i = first; i < past; i += 1) if (merged.most[i] > merged.most[best]) best = i;
      return { at: share(best), value: merged.most[best] };
    })
    .sort((a, b) => b.value - a.value);
  const drawn = [];
  for (const peak of peaks) {
    if (drawn.length < MAX_CUTS && drawn.every(({ at }) => Math.abs(at - peak.at) >= MIN_APART)) drawn.push(peak);
  }
  return drawn.map(({ at, value }) => [
    `cut${at > LEFT_FROM ? " left" : ""}`,
    percent(at),
    "0",
    `▲ ${worded(value, spec)}`,
  ]);
}

// The moments on the axis; room, letter: pixels of the axis and of a letter.
export function timeLabels(range, room, letter, zone) {
  const { tickvals, ticktext } = ticks(range, room, letter, zone);
  return tickvals
    .map((time, i) => ["x", percent((time - range[0]) / (range[1] - range[0])), "100%", ticktext[i]])
    .filter(([, , , text]) => text);
}

// A class, a place and a text each.
export function labels(prepared, { room, letter, zone }) {
  const { spec, top, points, range } = prepared;
  const values = valueTicks(top, isPercent(spec)).map(([share, text]) => ["y", "0", percent(1 - share), text]);
  const empty = points.every((value) => value === null) ? [["none", "50%", "50%", "no samples in this span"]] : [];
  return [...values, ...empty, ...cuts(prepared), ...timeLabels(range, room, letter, zone)];
}

// A panel in words.
export function spoken(title, consumer, unit, spec, { highest, newest, usual }) {
  if (newest === null) return `${title} of ${consumer}: nothing known in this span`;
  const range = usual ? `, usual ${worded(usual[1], spec)} to ${worded(usual[2], spec)}` : "";
  return `${title} of ${consumer}, ${unit}: last ${worded(newest, spec)}, highest ${worded(highest, spec)}${range}`;
}

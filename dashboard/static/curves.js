// What is drawn of stored points: gaps, sums, cumulative curves; pure.
export function gaps(points) {
  const ranges = [];
  let first = -1;
  for (let i = 0; i < points.length; i += 1) {
    if (points[i] === null && first < 0) first = i;
    if (points[i] !== null && first >= 0) {
      ranges.push([first, i]);
      first = -1;
    }
  }
  if (first >= 0 && points.length - first > 2) ranges.push([first, points.length]);
  return ranges;
}

// Arrivals and departures: the vertical gap is the backlog, also at the start and after what is
// unknown, where nobody counted and the stored backlog says where arrivals stand.
export function curves(series, step) {
  const arrived = [],
    ended = [],
    { received = [], processed = [], backlog = [], backlog_min: least = backlog } = series;
  let a = 0,
    d = 0,
    gap = 0,
    anchored = false;
  received.forEach((r, i) => {
    const p = processed[i];
    if (r === null || p === null || p === undefined) {
      anchored = false;
      arrived.push(null);
      ended.push(null);
      return;
    }
    d += p * step;
    if (!anchored && backlog[i] !== null && backlog[i] !== undefined) gap = (backlog[i] + (least[i] ?? backlog[i])) / 2;
    a = anchored ? a + r * step : d + gap;
    anchored = true;
    arrived.push(a);
    ended.push(d);
  });
  return { arrived, ended };
}

export const rated = (spec) => spec.unit === "messages/s";
export function values(points, spec, mode, step) {
  if (!rated(spec) || mode === "rate") return points;
  if (mode === "step") return points.map((v) => (v === null ? null : v * step));
  let total = 0;
  return points.map((v) => (v === null ? null : (total += v * step)));
}
export function unit(spec, mode) {
  if (!rated(spec) || mode === "rate") return spec.unit;
  if (mode === "step") return "messages per step";
  return spec.metric === "processed" ? "messages; dotted: received" : "messages since the start";
}

// How much all topics begin with, up to a dot: org.fedoraproject.prod. says nothing here.
export function prefix(names) {
  if (names.length < 2) return 0;
  let length = 0;
  while (length < names[0].length && names.every((name) => name[length] === names[0][length])) length += 1;
  return names[0].lastIndexOf(".", length - 1) + 1;
}

// The pure parts of the panels: scale, columns, paths, the begin of a span, pinching, topics.
import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsOf, merge } from "../../dashboard/static/columns.js";
import { curves, gaps, prefix } from "../../dashboard/static/curves.js";
import { linesOf, usualColumns } from "../../dashboard/static/lines.js";
import { areaPath, axes, linePath, MIN_MISSING } from "../../dashboard/static/paths.js";
import { acting, FLAT, present, scale, valueTicks } from "../../dashboard/static/scale.js";
import { beginOf } from "../../dashboard/static/span.js";
import { stackOf } from "../../dashboard/static/topics.js";

const level = (count, value) => Array(count).fill(value);

test("a lone peak is cut, the present is readable", () => {
  const points = [...level(200, 8), 7922, ...level(100, 8)];
  const result = scale([points], { least: 9 });
  assert.equal(result.cut, true);
  assert.ok(result.top >= 9 && result.top < 30);
});
test("a peak of now is shown whole", () => assert.equal(scale([[...level(200, 8), 7922]], {}).cut, false));
test("the full scale cuts nothing", () =>
  assert.ok(scale([[...level(99, 8), 7922, ...level(99, 8)]], { whole: true }).top > 7922));
test("a backlog of now is readable under one that lasted a fifth of the span", () => {
  const points = [...level(80, 49000), ...level(300, 0), 150, 180, 194];
  assert.ok(scale([points], { least: 10, behind: true, floor: 10 }).top < 800);
  assert.equal(scale([[...level(80, 49000), ...level(300, 0)]], { least: 10 }).cut, false);
});
for (const [words, points, peak] of [
  ["5 s after a spike", [0, 44300, 8100, 0, 60], 60],
  ["while its drain runs", [0, 44300, 35000, 26000, 17000, 8000, 300], 44300],
  ["once the drain has stopped above the floor", [0, 44300, 9000, ...level(20, 300)], 300],
  ["of no more than the floor", [0, 44300, 0, 8], 0],
  ["of nothing known", [null], 0],
])
  test(`the backlog that acts ${words}`, () => assert.equal(acting(points, 10), peak));
test("nothing above zero, nothing known", () => {
  assert.deepEqual(scale([[0, 0]], {}), { top: FLAT, cut: false });
  assert.deepEqual(scale([[null]], {}), { top: FLAT, cut: false });
  assert.equal(present([5, null, null]), 5);
});

for (const [top, words] of [
  [10.6, ["0", "5", "10"]],
  [0.63, ["0", "0.2", "0.4", "0.6"]],
  [69000, ["0", "20k", "40k", "60k"]],
  [2.5e6, ["0", "1M", "2M"]],
  [1, ["0", "0.5", "1"]],
]) {
  test(`ticks up to ${top}`, () =>
    assert.deepEqual(
      valueTicks(top).map(([, text]) => text),
      words,
    ));
}
test("ticks of shares", () =>
  assert.deepEqual(
    valueTicks(1.06, true).map(([, text]) => text),
    ["0", "50%", "100%"],
  ));

test("columns do not move as time goes on", () => {
  const first = columnsOf({ start: 1000, end: 8200, step: 10 }, [1000, 8200]),
    later = columnsOf({ start: 1010, end: 8210, step: 10 }, [1010, 8210]);
  assert.deepEqual(
    later.times.slice(1, -1).filter((time) => !first.times.includes(time)),
    [],
  );
  assert.ok(first.times.length <= 242);
});
test("a column has the mean, the least and the most of what is known", () => {
  assert.deepEqual(merge([1, null, 5, null, null], { bounds: [0, 3, 5] }), {
    mean: [3, null],
    least: [1, null],
    most: [5, null],
  });
});

const axis = axes([0, 40], 10, [0, 10, 20, 30, 40]);
test("a line breaks where nothing is known", () =>
  assert.equal(linePath([5, 5, null, 10], axis), "M0 500h1000M1500 0h500"));
test("a cut line leaves the box", () => assert.match(linePath([1000, 1, 1, 1], axis), /^M0 -40/));
test("an area goes there and back", () =>
  assert.equal(areaPath([10, 10, 5, 5], level(4, 0), axis), "M0 0h1000v500h1000L2000 1000h-2000Z"));
test("a little noise is no missing area", () => {
  assert.equal(areaPath([8, 8, 8, 8], [7.5, 8.2, 7.8, 8], axis, MIN_MISSING), "");
  assert.notEqual(areaPath([8, 8, 8, 8], [2, 2, 2, 2], axis, MIN_MISSING), "");
});

test("a full span is shown whole, a young one from its first sample", () => {
  const body = (empty) => ({
    start: 0,
    end: 900,
    step: 10,
    daemons: [{ series: { received: [...level(empty, null), ...level(90 - empty, 1)] } }],
  });
  assert.equal(beginOf(body(5)).time, undefined);
  assert.equal(beginOf(body(60)).time, 600);
  assert.equal(beginOf(body(89)).time, 870);
  assert.equal(beginOf(body(90)).time, undefined);
  assert.equal(beginOf(body(60), 100).time, 100);
});

test("gaps; the last steps may be on their way", () => {
  assert.deepEqual(gaps([null, 1, null, null, 2, null, null]), [
    [0, 1],
    [2, 4],
  ]);
  assert.deepEqual(gaps([1, null, null, null]), [[1, 4]]);
});
test("the gap between the curves is the backlog", () => {
  const { arrived, ended } = curves(
    { received: [2, 2, null, 1], processed: [1, 1, null, 1], backlog: [10, 20, null, 3] },
    10,
  );
  assert.deepEqual(
    arrived.map((value, i) => (value === null ? null : value - ended[i])),
    [10, 20, null, 3],
  );
});
test("what is usual holds within its hour", () => {
  assert.deepEqual(
    usualColumns(
      [
        [0, 1, 2],
        [7200, 3, 4],
      ],
      [0, 3600, 7200, 9000],
    ),
    { low: [1, null, 3], high: [2, null, 4] },
  );
});
test("topics: the busiest first, what all begin with left out, the others together", () => {
  assert.equal(prefix(["org.a.x", "org.a.y"]), 6);
  const topics = Object.fromEntries([...Array(9).keys()].map((n) => [`org.a.t${n}`, [n]]));
  const layers = stackOf({ ...topics, other: [100] });
  assert.deepEqual(
    layers.map(({ name }) => name),
    ["t8", "t7", "t6", "t5", "t4", "t3", "t2", "all others"],
  );
  assert.deepEqual(layers.at(-1).points, [101]);
});
test("cumulative curves share one scale and no usual range", () => {
  const spec = {
    metric: "processed",
    unit: "messages/s",
    also: [],
    shares: ["received", "processed"],
    under: "received",
    usual: "received",
    title: "",
  };
  const lines = linesOf(
    spec,
    { step: 10 },
    { series: { received: [1, 1], processed: [1, 0], backlog: [0, 10] }, usual: { received: [[0, 1, 1]] } },
    "total",
  );
  assert.deepEqual([lines.line, lines.under, lines.usual], [[10, 10], [10, 20], []]);
});

// The address holds what is looked at; steps, custom moments; the strip's rectangles and words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { continued, rectangles, spoken } from "../../dashboard/static/strip.js";
import { bounds, fromAddress, moment, seconds, stepped, toAddress, written } from "../../dashboard/static/view.js";

const NOW = 1_764_000_000;

test("an address survives: read and written again it is the same", () => {
  for (const query of [
    "",
    "span=day&mode=total&zone=utc&find=arch+x&sort=name&columns=failed%2Cdelay&host=a&state=SLOW&compact=1&large=1",
    "start=-3h&end=now",
    "start=1763990000&end=1763993600&from=1763991000&to=1763992000",
  ]) {
    assert.equal(toAddress(fromAddress(new URLSearchParams(query), "now"), "now"), query);
  }
});

test("an address of another page names the span, too", () => {
  assert.equal(toAddress(fromAddress(new URLSearchParams(), "now"), ""), "span=now");
});

test("what is no span or no zoom is left out", () => {
  const view = fromAddress(new URLSearchParams("span=toString&from=5&to=3"), "hour");
  assert.deepEqual([view.span, view.zoom], ["hour", null]);
});

test("a step goes back by the span, and on to the present", () => {
  const view = { span: "hour", start: "", end: "", zoom: null };
  const back = stepped(view, -1, NOW);
  assert.deepEqual(back, { span: "custom", start: String(NOW - 7200), end: String(NOW - 3600), zoom: null });
  assert.deepEqual(stepped({ ...view, ...back }, 1, NOW), { span: "hour", zoom: null });
  assert.deepEqual(stepped({ ...view, zoom: [NOW - 500, NOW - 400] }, -1, NOW).start, String(NOW - 600));
  assert.deepEqual(bounds({ span: "custom", start: "-2h", end: "-1h", zoom: null }, NOW), [NOW - 7200, NOW - 3600]);
});

test("moments are read and written back in both zones", () => {
  for (const zone of ["utc", "local"]) {
    for (const text of ["2026-11-24 09:30", "2026-11-24 09:30:05", "-3h", "now"])
      assert.equal(written(moment(text, zone), zone), text);
  }
  assert.equal(written("1763976600", "utc"), "2025-11-24 09:30");
  assert.equal(moment("yesterday", "utc"), null);
  assert.equal(seconds("-90", NOW), NOW - 90);
});

test("the strip: the higher the worse, unknown over all its height", () => {
  const runs = [
    [0, 50, "OK", 0],
    [50, 75, "SLOW", 3],
    [75, 120, "UNKNOWN", 1],
  ];
  assert.deepEqual(
    rectangles(runs, 0, 100).map(({ x, width, height, kind }) => [x, width, height, kind]),
    [
      [0, 500, 3, "0"],
      [500, 250, 10, "3"],
      [750, 250, 10, "none"],
    ],
  );
  assert.equal(spoken([], "utc"), "not judged");
  assert.equal(spoken([[0, 50, "OK", 0]], "utc"), "well all the time");
  assert.match(spoken([[120, 150, "SLOW", 3]], "utc"), /^slow at /);
  assert.match(spoken([[120, 250, "SLOW", 3]], "utc"), /^slow .* to /);
  assert.match(spoken(runs, "utc"), /^slow .* to .*; unknown /);
});
test("the strip goes on to now: a verdict from when it began", () => {
  const runs = [[0, 90, "OK", 0]];
  const slow = { state: "SLOW", severity: 3, since: 110 };
  assert.deepEqual(continued(runs, { state: "OK", severity: 0, since: 0 }, 120), [[0, 120, "OK", 0]]);
  assert.deepEqual(continued(runs, slow, 120), [
    [0, 110, "OK", 0],
    [110, 120, "SLOW", 3],
  ]);
  assert.deepEqual(continued(runs, { ...slow, since: 20 }, 120), [
    [0, 90, "OK", 0],
    [90, 120, "SLOW", 3],
  ]);
});

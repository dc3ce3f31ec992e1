// The page writes numbers, rates and durations as the server does: one table of edges for both.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as words from "../../dashboard/static/humanize.js";

const edges = JSON.parse(readFileSync(new URL("humanize-edges.json", import.meta.url)));
for (const [name, rows] of Object.entries(edges)) {
  test(name, () => {
    for (const [value, text] of rows) assert.equal(words[name](value), text, `${name}(${value})`);
  });
}

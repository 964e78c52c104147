import assert from "node:assert/strict";
import { test } from "node:test";
import { Restarts, WITHIN_MS } from "../src/restarts.ts";

test("four times in three minutes, then not until told to", () => {
  const restarts = new Restarts();
  assert.deepEqual([0, 1, 2, 3, 4].map((at) => restarts.again(at)), [true, true, true, true, false]);
  restarts.forget();
  assert.ok(restarts.again(5));
});

test("what is long past does not count", () => {
  const restarts = new Restarts();
  for (let at = 0; at < 20; at++) assert.ok(restarts.again(at * WITHIN_MS));
});

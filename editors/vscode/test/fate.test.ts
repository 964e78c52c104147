import assert from "node:assert/strict";
import { test } from "node:test";
import { Shown } from "../src/fate.ts";

// At the end of `def add(` two candidates are on show; their range begins with the line.
const ONE = { start: 10, text: "def add(a, b):\n    return a + b", typed: 8, name: ["file:///x", "one"] };
const TWO = { start: 10, text: "def add(self):", typed: 8, name: ["file:///x", "two"] };
const add = (offset: number, text: string, removed = 0) => ({ offset, removed, text });

test("typing what is suggested tells nothing, and keeps what fits", () => {
  const shown = new Shown([TWO, ONE]);
  for (const [at, sign] of [..."a, b"].entries()) assert.equal(shown.changed(add(18 + at, sign)), undefined);
  assert.deepEqual(shown.current, ONE.name);
});

test("a word at once is a part that was accepted", () => {
  const shown = new Shown([ONE]);
  assert.deepEqual(shown.changed(add(18, "a, b")), { fate: "partly accepted", name: ONE.name });
});

test("a part that replaces the line from its start is one, too", () => {
  assert.equal(new Shown([ONE]).changed(add(10, "def add(a, b)", 8))?.fate, "partly accepted");
});

test("all at once tells nothing, for the item's own command does", () => {
  assert.equal(new Shown([ONE]).changed(add(18, "a, b):\n    return a + b")), undefined);
});

test("the last of several parts makes it whole", () => {
  const shown = new Shown([ONE]);
  assert.equal(shown.changed(add(18, "a, b):"))?.fate, "partly accepted");
  assert.equal(shown.changed(add(24, "\n    return a + b"))?.fate, "accepted");
});

test("whatever else happens to the text, the suggestion is left behind", () => {
  for (const change of [add(18, "x"), add(17, "", 1), add(5, "def add(a, b):", 13), add(0, "import os\n"), add(18, "")]) {
    const shown = new Shown([ONE]);
    assert.equal(shown.changed(change), undefined);
    assert.equal(shown.current, undefined);
  }
});

test("the one that was cycled to is known by its text", () => {
  assert.deepEqual(new Shown([ONE, TWO]).changed(add(18, "self"))?.name, TWO.name);
});

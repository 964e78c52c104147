import assert from "node:assert/strict";
import { test } from "node:test";
import { untraced } from "../src/untraced.ts";

test("no message is traced, whatever level is set; the rest is logged", () => {
  const said: string[] = [];
  const write = (line: string) => void said.push(line);
  const log = { name: "x", logLevel: 1, onDidChangeLogLevel: () => assert.fail(), trace: write, info: write };
  const quiet = untraced(log as never);
  quiet.trace("def add(a, b):");
  quiet.info("starts");
  assert.equal(quiet.logLevel, 0);
  quiet.onDidChangeLogLevel(() => assert.fail());
  assert.deepEqual(said, ["starts"]);
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isOn, launch, table } from "../src/settings.ts";

const SET = [
  { key: "runtime.engine", user: "ollama" },
  { key: "complete.max_lines", user: 4, workspace: 2 },
  { key: "privacy.exclude", user: ["*.pem"], workspace: ["a b/", 'x"y'] },
  { key: "complete.automatic", user: false, workspace: false },
  { key: "models.complete" },
];

test("what the user has set is the launch's; unset settings are left to the server", () => {
  assert.deepEqual(launch(SET), [
    "--set", 'runtime.engine="ollama"', "--set", "complete.max_lines=4", "--set", 'privacy.exclude=["*.pem"]',
  ]);
});

test("what the workspace has set is a table that the server may let tighten", () => {
  assert.deepEqual(table(SET), { complete: { max_lines: 2 }, privacy: { exclude: ["a b/", 'x"y'] } });
});

test("a language is on unless it, or every language, is switched off", () => {
  assert.ok(isOn({ "*": true }, "python"));
  assert.ok(isOn(undefined, "python"));
  assert.ok(!isOn({ "*": true, markdown: false }, "markdown"));
  assert.ok(!isOn({ "*": false }, "python"));
  assert.ok(isOn({ "*": false, python: true }, "python"));
});

test("what a workspace must not set, VS Code does not let it set", () => {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const sections = manifest.contributes.configuration as { properties: Record<string, { scope: string }> }[];
  const all = Object.assign({}, ...sections.map((it) => it.properties));
  for (const [key, { scope }] of Object.entries<{ scope: string }>(all)) {
    const dangerous = /program|host|key_|script|gguf|models|machine\.|engine/.test(key);
    assert.ok(!dangerous || scope === "machine", key);
  }
});

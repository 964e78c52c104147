import assert from "node:assert/strict";
import { test } from "node:test";
import { find, type Surroundings } from "../src/finding.ts";

function around(there: string[], more: Partial<Surroundings> = {}): Surroundings {
  const isProgram = (path: string) => there.includes(path);
  return { named: [], path: "/usr/bin:/opt/bin", home: "/home/me", windows: false, checkout: "", isProgram, ...more };
}

test("the user's own word comes first, with its arguments", () => {
  const named = ["/opt/python", "-I", "-m", "lsp"];
  assert.deepEqual(find(around(["/opt/python", "/usr/bin/switchyard"], { named })), { program: named });
  assert.deepEqual(find(around(["/opt/bin/sy"], { named: ["sy"] })), { program: ["/opt/bin/sy"] });
});

test("what the user names and is not there is said, and nothing else is taken in its place", () => {
  const found = find(around(["/usr/bin/switchyard"], { named: ["/nowhere"] }));
  assert.ok("missing" in found && found.missing.includes("/nowhere"));
});

test("then the PATH in its order, then where uv and pipx install, then the checkout", () => {
  const all = ["/opt/bin/switchyard", "/home/me/.local/bin/switchyard", "/src/.venv/bin/python"];
  const checkout = "/src/.venv/bin/python";
  assert.deepEqual(find(around(all, { checkout })), { program: [all[0]] });
  assert.deepEqual(find(around(all.slice(1), { checkout })), { program: [all[1]] });
  assert.deepEqual(find(around(all.slice(2), { checkout })), { program: [checkout, "-I", "-m", "lsp"] });
  assert.ok("missing" in find(around([])));
});

test("nothing relative is ever run: what lies in a workspace must not be", () => {
  const there = ["./switchyard", "/switchyard", "switchyard", "bin/switchyard", "./bin/switchyard"];
  for (const path of [".", "", "bin", "./bin:", ":"]) assert.ok("missing" in find(around(there, { path })));
  for (const named of [["./switchyard"], ["bin/switchyard"]]) assert.ok("missing" in find(around(there, { named })));
});

test("Windows has drives, semicolons and .exe", () => {
  const windows = { windows: true, path: "C:\\bin;D:/tools", home: "C:\\Users\\me" };
  assert.deepEqual(find(around(["D:/tools/switchyard.exe"], windows)), { program: ["D:/tools/switchyard.exe"] });
});

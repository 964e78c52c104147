import assert from "node:assert/strict";
import { test } from "node:test";
import { look, menu, mends, type Situation, type State } from "../src/menu.ts";

const STATES: State[] = [
  "starting", "ready", "loading", "busy", "offline", "excluded", "off", "snoozed", "absent", "ended",
];
const READY: Situation = {
  state: "ready", message: "Because.", engine: "ollama", seconds: 0, language: "python", languageOn: true, automatic: true,
  where: "this machine", host: "http://127.0.0.1:11434", trusted: true,
};

test("every state says why, and where the code goes", () => {
  for (const state of STATES) {
    const { text, tooltip } = look({ ...READY, state });
    assert.match(text, /^\$\(\S+\) Switchyard$/);
    assert.match(tooltip, /Because\./);
    if (state !== "absent") assert.match(tooltip, /runs on this machine; its engine listens at http:\/\/127\.0\.0\.1/);
  }
});

test("a load says for how long it goes on, and nothing else does", () => {
  assert.equal(look({ ...READY, state: "loading", seconds: 7 }).text, "$(loading~spin) Switchyard 7 s");
  assert.match(look({ ...READY, state: "loading", seconds: 7 }).tooltip, /Because\.\n7 s so far\./);
  for (const state of STATES.filter((it) => it !== "loading")) {
    assert.deepEqual(look({ ...READY, state, seconds: 7 }), look({ ...READY, state }));
  }
});

test("only what keeps everything from working is an alarm", () => {
  assert.deepEqual(STATES.filter((state) => look({ ...READY, state }).alarm), ["absent", "ended"]);
});

test("the first entry of the menu mends the state", () => {
  const first = (state: State) => menu({ ...READY, state })[0]?.command;
  assert.equal(first("absent"), "switchyard.install");
  assert.equal(first("ended"), "switchyard.restart");
  assert.equal(first("offline"), "switchyard.restart");
  assert.deepEqual(menu({ ...READY, state: "snoozed" })[0]?.argument, 0);
});

test("nobody is offered to snooze what is snoozed, or does not come by itself", () => {
  const snoozes = (it: Situation) => menu(it).filter((entry) => entry.label.includes("Snooze")).length;
  assert.equal(snoozes(READY), 2);
  assert.equal(snoozes({ ...READY, state: "snoozed" }), 0);
  assert.equal(snoozes({ ...READY, automatic: false }), 0);
});

test("without a server there is no plan to show", () => {
  assert.ok(!menu({ ...READY, state: "absent" }).some((entry) => entry.command === "switchyard.plan"));
});

test("a command that mends goes to a terminal; anything else is only shown", () => {
  const check = (mend: string) => mends([{ name: "ollama", state: "missing", found: "It is not there.", mend }])[0];
  assert.equal(check("ollama pull qwen2.5-coder:1.5b")?.terminal, "ollama pull qwen2.5-coder:1.5b");
  for (const step of ["install Ollama, then: ollama serve", "ollama serve; rm -rf ~", "ollama `id`", "ollama $(id)"]) {
    assert.equal(check(step)?.terminal, undefined);
    assert.equal(check(step)?.command, "switchyard.doctor");
  }
  assert.deepEqual(mends([{ name: "echo", state: "ok", found: "", mend: "ollama serve" }]), []);
});

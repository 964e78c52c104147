// What the user can ask for, by name: each is a function of the parts of the extension.

import * as vscode from "vscode";
import { SECTION, editor, root, setting } from "./around.ts";
import type { Server } from "./client.ts";
import type { Explanation } from "./explain.ts";
import type { Ghost } from "./ghost.ts";
import { carryOut, here, place } from "./jobs.ts";
import type { Preview } from "./preview.ts";
import type { Program } from "./program.ts";
import * as refactor from "./refactor.ts";
import type { Review } from "./review.ts";
import type { StatusItem } from "./status.ts";
import type { Steps } from "./steps.ts";
import * as views from "./views.ts";
import { install, tryIt } from "./welcome.ts";

/** The parts that commands are about. */
export interface Parts {
  context: vscode.ExtensionContext;
  server: Server;
  item: StatusItem;
  ghost: Ghost;
  explanation: Explanation;
  review: Review;
  preview: Preview;
  program: Program;
  steps: Steps;
  log: vscode.LogOutputChannel;
}

type Commands = Record<string, (...args: never[]) => unknown>;

export function commands(parts: Parts): Commands {
  return { ...suggestions(parts), ...work(parts), ...pages(parts) };
}

function suggestions({ server, ghost }: Parts): Commands {
  return {
    trigger: () => vscode.commands.executeCommand("editor.action.inlineSuggest.trigger"),
    dismiss: () => ghost.dismiss(),
    snooze: (minutes?: number) => ghost.snooze(minutes ?? 5),
    toggle: () => set("complete.automatic", !setting("complete.automatic", true)),
    toggleLanguage: (language?: string) => toggleLanguage(language ?? editor()?.document.languageId),
    tryIt: () => tryIt(server, ghost),
  };
}

function work({ server, explanation, review, preview }: Parts): Commands {
  const about = (command: string, then: (at: vscode.TextEditor, command: string) => unknown) => () => {
    const at = editor();
    return at && then(at, command);
  };
  const doIt = (title: string) => async (at: vscode.TextEditor, command: string) =>
    carryOut(server, preview, title, await here(server, command, at));
  return {
    explainHere: about("switchyard.explain", async (at, command) => explanation.show(await here(server, command, at))),
    fixHere: about("switchyard.fix", doIt(TITLES["switchyard.fix"] as string)),
    documentHere: about("switchyard.document", doIt(TITLES["switchyard.document"] as string)),
    refactorHere: about("switchyard.refactor", async (at, command) => {
      const asked = await refactor.choose(server, at);
      if (asked) await carryOut(server, preview, TITLES[command] as string, asked);
    }),
    applyEdit: () => preview.apply(),
    discardEdit: () => preview.discard(),
    reviewMine: () => {
      const at = root();
      return at ? review.choose(at) : vscode.window.showInformationMessage("Switchyard: no folder is open.");
    },
  };
}

const TITLES: Record<string, string> = {
  "switchyard.fix": "Mending",
  "switchyard.document": "Documenting",
  "switchyard.refactor": "Refactoring",
};

/** The server's own commands, as code actions name them: those that take a while are shown, and can be stopped. */
export function intercept(parts: () => Parts) {
  return (command: string, args: unknown[], next: (command: string, args: unknown[]) => unknown): unknown => {
    const { server, explanation, preview } = parts();
    if (command === "switchyard.explain") return explanation.show(place(command, args));
    const title = TITLES[command];
    return title ? carryOut(server, preview, title, place(command, args)) : next(command, args);
  };
}

function pages({ context, server, item, program, log }: Parts): Commands {
  const id = context.extension.id;
  return {
    menu: () => item.menu(),
    restart: () => server.restart(),
    log: () => log.show(),
    settings: () => vscode.commands.executeCommand("workbench.action.openSettings", `@ext:${id}`),
    welcome: () => vscode.commands.executeCommand("workbench.action.openWalkthrough", `${id}#welcome`, false),
    install: () => install(context),
    plan: () => item.busy("Making the plan.", views.plan(program)),
    stats: () => views.stats(program),
    doctor: () => item.busy("Looking at engines and models.", views.doctor(program)),
  };
}

async function toggleLanguage(language: string | undefined): Promise<void> {
  if (!language) return;
  const chosen = setting<Record<string, boolean>>("languages", {});
  await set("languages", { ...chosen, [language]: (chosen[language] ?? chosen["*"] ?? true) === false });
}

async function set(key: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration(SECTION).update(key, value, vscode.ConfigurationTarget.Global);
}

// Switchyard in VS Code: starts the server and ties its parts to commands. What is decided is decided in the server.

import * as vscode from "vscode";
import { SECTION, editor, folder, setting, settings } from "./around.ts";
import { Server } from "./client.ts";
import { Ghost, cursors } from "./ghost.ts";
import { install, tryIt } from "./welcome.ts";
import { Program } from "./program.ts";
import { StatusItem } from "./status.ts";
import { launch } from "./settings.ts";
import * as views from "./views.ts";

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("Switchyard", { log: true });
  const ghost = new Ghost(
    (command, name) => void running.ask(command, name).catch((error) => log.warn(`${command}: ${error.message}`)),
    () => item.draw(),
  );
  const running = (server = new Server(context, log, { ...ghost.middleware }));
  const program = new Program(
    () => running.command,
    () => launch(settings(context)),
    folder,
  );
  const item = new StatusItem({
    snoozed: () => (ghost.snoozed ? ghost.awake : ""),
    doctor: () => program.doctor().catch(() => []),
    host: (engine) => program.host(engine).catch(() => ""),
  });
  context.subscriptions.push(
    log,
    ghost,
    item,
    cursors((params) => void running.tell("switchyard/cursor", params)),
    running.onStatus((status) => item.heard(status)),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration(SECTION)) return;
      item.draw();
      void running.configured();
    }),
    vscode.window.onDidChangeWindowState((window) => {
      if (window.focused && !running.command.length) void running.restart(); // perhaps it was installed meanwhile
    }),
    ...Object.entries(commands(running, item, ghost, program, log, context)).map(([name, run]) =>
      vscode.commands.registerCommand(`switchyard.${name}`, run),
    ),
  );
  await running.restart();
}

export async function deactivate(): Promise<void> {
  await server?.dispose();
}

type Commands = Record<string, (...args: never[]) => unknown>;

function commands(
  server: Server,
  item: StatusItem,
  ghost: Ghost,
  program: Program,
  log: vscode.LogOutputChannel,
  context: vscode.ExtensionContext,
): Commands {
  return {
    menu: () => item.menu(),
    restart: () => server.restart(),
    log: () => log.show(),
    settings: () => vscode.commands.executeCommand("workbench.action.openSettings", `@ext:${context.extension.id}`),
    welcome: () =>
      vscode.commands.executeCommand("workbench.action.openWalkthrough", `${context.extension.id}#welcome`, false),
    install: () => install(context),
    tryIt: () => tryIt(),
    trigger: () => vscode.commands.executeCommand("editor.action.inlineSuggest.trigger"),
    dismiss: () => ghost.dismiss(),
    snooze: (minutes: number) => ghost.snooze(minutes ?? 5),
    toggle: () => set("complete.automatic", !setting("complete.automatic", true)),
    toggleLanguage: (language?: string) => toggleLanguage(language ?? editor()?.document.languageId),
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

// Switchyard in VS Code: makes the parts and ties them together. What is decided is decided in the server.

import * as vscode from "vscode";
import { SECTION, root, settings } from "./around.ts";
import { Server, type Status } from "./client.ts";
import { commands, intercept, type Parts } from "./commands.ts";
import { Explanation } from "./explain.ts";
import { Ghost, cursors } from "./ghost.ts";
import { others } from "./others.ts";
import { Preview, guard } from "./preview.ts";
import { Program } from "./program.ts";
import { Review } from "./review.ts";
import { launch } from "./settings.ts";
import { StatusItem } from "./status.ts";
import { Steps } from "./steps.ts";

let parts: Parts | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const it = (parts = made(context));
  const { server, item, ghost, explanation, review, preview, steps, log } = it;
  context.subscriptions.push(
    log,
    ghost,
    item,
    explanation,
    review,
    preview,
    others(server),
    cursors((params) => void server.tell("switchyard/cursor", params)),
    steps,
    server.onStatus((status) => {
      const before = item.heard(status);
      if (status.state !== "excluded") mark(steps, status);
      if (status.state === "ready" && before !== "ready" && before !== "busy") ghost.again();
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration(SECTION)) return;
      item.draw();
      void server.configured();
    }),
    vscode.window.onDidChangeWindowState((window) => {
      if (window.focused && !server.command.length) void server.restart(); // perhaps it was installed meanwhile
    }),
    ...Object.entries(commands(it)).map(([name, run]) => vscode.commands.registerCommand(`switchyard.${name}`, run)),
  );
  await server.restart();
}

export async function deactivate(): Promise<void> {
  await parts?.server.dispose();
}

function made(context: vscode.ExtensionContext): Parts {
  const steps = new Steps();
  const log = vscode.window.createOutputChannel("Switchyard", { log: true });
  const tell = (command: string, name: readonly unknown[]) =>
    void server.ask(command, name).catch((error) => log.warn(`${command}: ${error.message}`));
  const ghost: Ghost = new Ghost(
    tell,
    () => item.draw(),
    () => steps.mark("seen", true),
  );
  const executeCommand = intercept(() => parts as Parts);
  const workspace = { handleApplyEdit: guard(() => (parts as Parts).preview) };
  const server: Server = new Server(context, log, { ...ghost.middleware, executeCommand, workspace });
  const flags = () => launch(settings(context));
  const program = new Program(() => server.command, flags, () => root()?.fsPath);
  const item: StatusItem = new StatusItem({
    snoozed: () => (ghost.snoozed ? ghost.awake : ""),
    doctor: () => program.doctor().catch(() => []),
    host: (engine) => program.host(engine).catch(() => ""),
  });
  const [explanation, review, preview] = [new Explanation(server), new Review(server), new Preview(server)];
  return { context, server, item, ghost, explanation, review, preview, program, steps, log };
}

/** The first steps go by what the server says; `echo` is what answers while there is no model. */
function mark(steps: Steps, { state, engine }: Status): void {
  steps.mark("there", !["starting", "absent", "ended"].includes(state));
  steps.mark("able", state === "ready" && engine !== "echo");
}

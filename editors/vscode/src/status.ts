// The status item: the engine's state as the server tells it, the document's own, and a menu that mends it.

import * as vscode from "vscode";
import { editor, setting, where } from "./around.ts";
import type { Status } from "./client.ts";
import { look, menu, mends, type Check, type Entry, type Situation, type State } from "./menu.ts";
import { isOn } from "./settings.ts";

/** What the item asks of the rest of the extension. */
export interface Sources {
  snoozed(): string;
  doctor(): Promise<Check[]>;
  host(engine: string): Promise<string>;
}

/** One item in the status bar of this window. */
export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("switchyard.status", vscode.StatusBarAlignment.Right, 100);
  private engine: Status = { state: "starting", message: "", engine: "" };
  private readonly excluded = new Map<string, string>(); // a document's URI -> why it is left out
  private readonly jobs: string[] = []; // what is being worked at
  private host = "";
  private since = 0; // when the engine's state came to be what it is
  private clock: NodeJS.Timeout | undefined; // runs while a model loads
  private readonly listening: vscode.Disposable[];

  constructor(private readonly sources: Sources) {
    this.item.name = "Switchyard";
    this.item.command = "switchyard.menu";
    this.listening = [
      this.item,
      vscode.window.onDidChangeActiveTextEditor(() => this.draw()),
      vscode.workspace.onDidCloseTextDocument((it) => this.excluded.delete(it.uri.toString())),
    ];
    this.draw();
    this.item.show();
  }

  /** The server, or the client, has said something new; the engine's state before that. */
  heard(status: Status): State {
    const before = this.engine.state;
    const uri = status.uri ? vscode.Uri.parse(status.uri).toString() : "";
    if (status.state === "excluded") {
      this.excluded.set(uri, status.message);
    } else {
      this.excluded.delete(uri);
      if (status.engine !== this.engine.engine) void this.ask(status.engine);
      this.engine = status;
      if (status.state !== before) this.count(status.state === "loading");
    }
    this.draw();
    return before;
  }

  private count(on: boolean): void {
    this.since = Date.now();
    clearInterval(this.clock);
    if (on) this.clock = setInterval(() => this.draw(), 1000);
  }

  private async ask(engine: string): Promise<void> {
    this.host = "";
    this.host = engine ? await this.sources.host(engine) : "";
    this.draw();
  }

  /** Shows that something is being worked at until it is done. */
  async busy<T>(job: string, work: Promise<T>): Promise<T> {
    this.jobs.push(job);
    this.draw();
    try {
      return await work;
    } finally {
      this.jobs.splice(this.jobs.indexOf(job), 1);
      this.draw();
    }
  }

  draw(): void {
    const now = look(this.situation());
    this.item.text = now.text;
    this.item.tooltip = now.tooltip;
    this.item.accessibilityInformation = { label: now.tooltip };
    this.item.backgroundColor = now.alarm ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  }

  private situation(): Situation {
    const document = editor()?.document;
    const language = document?.languageId ?? "";
    const languageOn = isOn(setting("languages", {}), language);
    return {
      ...this.stated(document, language, languageOn),
      engine: this.engine.engine,
      seconds: Math.round((Date.now() - this.since) / 1000),
      language,
      languageOn,
      automatic: setting("complete.automatic", true),
      where: where(),
      host: this.host,
      trusted: vscode.workspace.isTrusted,
    };
  }

  /** The state that matters most now, and why. */
  private stated(
    document: vscode.TextDocument | undefined,
    language: string,
    on: boolean,
  ): Pick<Situation, "state" | "message"> {
    const { state, message } = this.engine;
    const excluded = document && this.excluded.get(document.uri.toString());
    const snoozed = this.sources.snoozed();
    const job = this.jobs.at(-1);
    if (state !== "ready" && state !== "loading") return { state, message };
    if (job) return { state: "busy", message: job };
    if (excluded) return { state: "excluded", message: excluded };
    if (snoozed) return { state: "snoozed", message: `Nothing comes by itself until ${snoozed}.` };
    if (document && !on) return { state: "off", message: `Switched off for ${language}; asking by hand works.` };
    return { state, message };
  }

  /** The menu; what the doctor would mend comes in as soon as it is found. */
  async menu(): Promise<void> {
    const situation = this.situation();
    const chosen = await pick(look(situation), menu(situation), situation, this.sources);
    if (chosen) await carryOut(chosen);
  }

  dispose(): void {
    clearInterval(this.clock);
    for (const one of this.listening) one.dispose();
  }
}

type Shown = Entry & vscode.QuickPickItem;

async function pick(
  title: { tooltip: string },
  entries: Entry[],
  now: Situation,
  sources: Sources,
): Promise<Entry | undefined> {
  const list = vscode.window.createQuickPick<Shown>();
  const [first, why] = title.tooltip.split("\n");
  list.title = first ?? "";
  list.placeholder = why ?? "";
  list.items = entries;
  if (["offline", "loading", "ready"].includes(now.state)) {
    list.busy = true;
    void sources.doctor().then((checks) => {
      const found = now.state === "ready" && now.engine !== "echo" ? [] : mends(checks);
      list.items = [...found, ...entries];
      list.busy = false;
    });
  }
  return new Promise((resolve) => {
    list.onDidAccept(() => {
      resolve(list.selectedItems[0]);
      list.hide();
    });
    list.onDidHide(() => {
      resolve(undefined);
      list.dispose();
    });
    list.show();
  });
}

async function carryOut(entry: Entry): Promise<void> {
  if (entry.terminal) return prepare(entry.terminal);
  if (entry.command) await vscode.commands.executeCommand(entry.command, entry.argument);
}

/** Puts a command into a terminal. The user reads it there and presses Enter, or does not. */
export function prepare(line: string): void {
  const terminal = vscode.window.createTerminal("Switchyard");
  terminal.show();
  terminal.sendText(line, false);
}

// An explanation beside the code: it appears as it is written, can be stopped, copied, and followed to its places.

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { Server } from "./client.ts";
import { escape } from "./html.ts";
import { isStopped, type Action, type Place, type Result } from "./jobs.ts";
import { render } from "./markdown.ts";
import { STYLE } from "./views.ts";

const FRAME_MS = 60; // between two pictures of what is being written

/** What a page tells us: a button that was pressed. */
interface Pressed {
  press: "stop" | "copy" | "place" | "action";
  which?: string;
}

/** One panel, used again for each explanation. */
export class Explanation implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private text = "";
  private actions: Action[] = [];
  private places: vscode.Location[] = [];
  private running: vscode.CancellationTokenSource | undefined;
  private painting: NodeJS.Timeout | undefined;

  constructor(private readonly server: Server) {}

  /** Has the server explain a place; the one before is stopped. */
  async show(asked: Place): Promise<void> {
    this.running?.cancel();
    const running = (this.running = new vscode.CancellationTokenSource());
    this.begin();
    const heard = (text: string) => running === this.running && this.hear(text);
    try {
      const result = await this.server.job(asked, heard, running.token);
      if (running === this.running) this.end(result);
    } catch (error) {
      if (running !== this.running) return;
      const why = isStopped(error) ? "Stopped." : escape((error as Error).message);
      this.end({ markdown: this.text }, `<p class="said">${why}</p>`);
    } finally {
      running.dispose();
    }
  }

  private begin(): void {
    [this.text, this.actions, this.places] = ["", [], []];
    this.panel ??= this.open();
    this.panel.reveal(vscode.ViewColumn.Beside, true);
    this.paint("<p>The model reads …</p>", button("stop", "Stop"));
  }

  private hear(text: string): void {
    this.text += text;
    this.painting ??= setTimeout(() => {
      this.painting = undefined;
      this.paint(render(this.text), button("stop", "Stop"));
    }, FRAME_MS);
  }

  private end(result: Result, said = ""): void {
    clearTimeout(this.painting);
    this.painting = this.running = undefined;
    this.text = result.markdown ?? "";
    this.actions = result.actions ?? [];
    const refusal = result.refusal ? `<p class="said">${escape(result.refusal)}</p>` : "";
    const known = this.actions.map((it, at) => (this.server.knows(it.command) ? button("action", it.title, at) : ""));
    const copy = this.text ? button("copy", "Copy") : "";
    this.paint(render(this.text, (href) => this.place(href)) + refusal + said, known.join("") + copy);
  }

  /** The key of a link that leads to a file of the workspace, or to one that is open; all others lead nowhere. */
  private place(href: string): string | undefined {
    const uri = file(href);
    if (!uri) return undefined;
    const line = Number(/^L(\d{1,7})/.exec(uri.fragment)?.[1] ?? 1) - 1;
    const target = uri.with({ fragment: "" });
    return String(this.places.push(new vscode.Location(target, new vscode.Position(Math.max(line, 0), 0))) - 1);
  }

  private paint(html: string, buttons: string): void {
    void this.panel?.webview.postMessage({ html, buttons });
  }

  private open(): vscode.WebviewPanel {
    const where = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel("switchyard.explanation", "Explanation", where, {
      enableScripts: true,
      enableCommandUris: false,
      localResourceRoots: [],
      retainContextWhenHidden: true,
    });
    panel.webview.html = page();
    panel.webview.onDidReceiveMessage((pressed: Pressed) => void this.pressed(pressed));
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.running?.cancel();
    });
    return panel;
  }

  private async pressed({ press, which }: Pressed): Promise<void> {
    const at = Number(which);
    if (press === "stop") this.running?.cancel();
    if (press === "copy") await vscode.env.clipboard.writeText(this.text);
    const target = this.places[at];
    if (press === "place" && target) await go(target);
    const action = this.actions[at];
    if (press === "action" && action) await vscode.commands.executeCommand(action.command, ...action.arguments);
  }

  dispose(): void {
    this.running?.cancel();
    clearTimeout(this.painting);
    this.panel?.dispose();
  }
}

function file(href: string): vscode.Uri | undefined {
  if (!/^(file|untitled):/i.test(href)) return undefined;
  const uri = vscode.Uri.parse(href);
  const plain = uri.with({ fragment: "" }).toString();
  const open = vscode.workspace.textDocuments.some((it) => it.uri.toString() === plain);
  return open || vscode.workspace.getWorkspaceFolder(uri) ? uri : undefined;
}

async function go(target: vscode.Location): Promise<void> {
  const selection = target.range;
  await vscode.window.showTextDocument(target.uri, { viewColumn: vscode.ViewColumn.One, selection });
}

function button(press: string, title: string, which = 0): string {
  return `<button data-press="${press}" data-which="${which}">${escape(title)}</button>`;
}

function page(): string {
  const nonce = randomBytes(16).toString("base64");
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}"><style nonce="${nonce}">${STYLE}${BUTTONS}</style></head>
<body><nav id="buttons"></nav><main id="text" aria-live="polite"></main><script nonce="${nonce}">${SCRIPT}</script></body></html>`;
}

const BUTTONS = `
nav { position: sticky; top: 0; padding: .6em 0; background: var(--vscode-editor-background) }
nav button { color: var(--vscode-button-foreground); background: var(--vscode-button-background); border: 0; padding: .3em 1em; margin-right: .5em; cursor: pointer }
.place { color: var(--vscode-textLink-foreground); background: none; border: 0; padding: 0; font: inherit; cursor: pointer; text-decoration: underline }
.said { color: var(--vscode-descriptionForeground) }
`;

const SCRIPT = `
const code = acquireVsCodeApi();
const [buttons, text] = ["buttons", "text"].map((id) => document.getElementById(id));
addEventListener("message", ({ data }) => { buttons.innerHTML = data.buttons; text.innerHTML = data.html; });
addEventListener("click", ({ target }) => {
  const pressed = target.closest("button");
  if (!pressed) return;
  const place = pressed.dataset.place;
  code.postMessage(place ? { press: "place", which: place } : { press: pressed.dataset.press, which: pressed.dataset.which });
});
`;

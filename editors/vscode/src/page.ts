// A page of ours beside the code: text that was made inert, buttons, and links to places that we know.

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { escape } from "./html.ts";
import { STYLE } from "./views.ts";

/** A button that was pressed on the page; `which` tells links and actions apart. */
export interface Pressed {
  press: string;
  which: number;
}

/** One panel of this name, made when it is needed and used again. */
export class Page implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private targets: vscode.Location[] = [];

  constructor(
    private readonly title: string,
    private readonly pressed: (it: Pressed) => unknown,
    private readonly closed: () => void,
  ) {}

  /** Brings the page forward, beside the code, which keeps the focus. */
  show(): void {
    this.panel ??= this.open();
    this.panel.reveal(vscode.ViewColumn.Beside, true);
  }

  paint(html: string, buttons: readonly string[]): void {
    void this.panel?.webview.postMessage({ html, buttons: buttons.join("") });
  }

  /** The key of a link to a place, until the page is forgotten. */
  link(place: vscode.Location): string {
    return String(this.targets.push(place) - 1);
  }

  forget(): void {
    this.targets = [];
  }

  private open(): vscode.WebviewPanel {
    const where = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel(`switchyard.${this.title.toLowerCase()}`, this.title, where, {
      enableScripts: true,
      enableCommandUris: false,
      localResourceRoots: [],
      retainContextWhenHidden: true,
    });
    panel.webview.html = frame();
    panel.webview.onDidReceiveMessage((it: Pressed) => this.heard(it));
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.closed();
    });
    return panel;
  }

  private async heard(it: Pressed): Promise<void> {
    const target = this.targets[it.which];
    if (it.press !== "place") await this.pressed(it);
    else if (target) await go(target);
  }

  dispose(): void {
    this.panel?.dispose();
  }
}

async function go(target: vscode.Location): Promise<void> {
  try {
    const shown = { viewColumn: vscode.ViewColumn.One, selection: target.range };
    await vscode.window.showTextDocument(target.uri, shown);
  } catch {
    void vscode.window.showInformationMessage("Switchyard: that file is not there any more.");
  }
}

export function button(press: string, title: string, which = 0): string {
  return `<button data-press="${press}" data-which="${which}">${escape(title)}</button>`;
}

/** Only what carries the nonce is run or styled, and nothing is loaded from anywhere. */
function frame(): string {
  const nonce = randomBytes(16).toString("base64");
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}"><style nonce="${nonce}">${STYLE}${BUTTONS}</style></head>
<body><nav id="buttons"></nav><main id="text"></main><script nonce="${nonce}">${SCRIPT}</script></body></html>`;
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
  const { press = "place", which, place } = target.closest("button")?.dataset ?? {};
  if (which ?? place) code.postMessage({ press, which: Number(which ?? place) });
});
`;

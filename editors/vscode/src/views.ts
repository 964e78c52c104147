// Pages beside the code: the plan, the statistics, the doctor's report. They run nothing and load nothing.

import * as vscode from "vscode";
import { doctor as doctorPage, plan as planPage, type Plan } from "./pages.ts";
import type { Check } from "./menu.ts";
import type { Program } from "./program.ts";

export const STYLE = `
body { font: var(--vscode-font-size) var(--vscode-font-family); color: var(--vscode-foreground); padding: 0 1.5em 2em; line-height: 1.5 }
h1 { font-size: 1.5em } h2 { font-size: 1.2em } h3, h4, h5, h6 { font-size: 1em }
table { border-collapse: collapse; margin: 1em 0 }
th, td { text-align: left; vertical-align: top; padding: .3em 1em .3em 0; border-bottom: 1px solid var(--vscode-widget-border, #8884) }
.number { text-align: right; font-variant-numeric: tabular-nums }
code, pre { font-family: var(--vscode-editor-font-family); font-size: var(--vscode-editor-font-size) }
pre { background: var(--vscode-textCodeBlock-background); padding: .8em 1em; overflow-x: auto }
pre code { background: none; color: inherit; padding: 0 }
blockquote { margin-left: 0; padding-left: 1em; border-left: 3px solid var(--vscode-textBlockQuote-border) }
`;

const panels = new Map<string, vscode.WebviewPanel>();

export async function plan(program: Program): Promise<void> {
  await show("Plan", async () => page(planPage(await program.json<Plan>("plan"))));
}

export async function doctor(program: Program): Promise<void> {
  const report = () => program.json<{ verdict: string; checks: Check[] }>("doctor");
  await show("Doctor", async () => page(doctorPage(await report())));
}

/** The page of `switchyard stats --html`, which brings its own policy: no script, nothing from anywhere. */
export async function stats(program: Program): Promise<void> {
  await show("Statistics", () => program.stats());
}

/** Fills the panel of this name; one that is there already is used again. */
async function show(name: string, made: () => Promise<string>): Promise<void> {
  try {
    const html = await made();
    const panel = panels.get(name) ?? open(name);
    panel.webview.html = html;
    panel.reveal(undefined, true);
  } catch (error) {
    void vscode.window.showErrorMessage(`Switchyard: ${(error as Error).message}`);
  }
}

function open(name: string): vscode.WebviewPanel {
  const panel = vscode.window.createWebviewPanel(`switchyard.${name.toLowerCase()}`, name, vscode.ViewColumn.Active, {
    enableScripts: false,
    enableCommandUris: false,
    localResourceRoots: [],
  });
  panels.set(name, panel);
  panel.onDidDispose(() => panels.delete(name));
  return panel;
}

function page(body: string): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8">` +
    `<meta http-equiv="Content-Security-Policy" content="${policy}"><style>${STYLE}</style></head><body>${body}</body></html>`
  );
}

// Reviewing a change: which one, its summary beside the code, its findings among the problems.

import * as vscode from "vscode";
import type { Server } from "./client.ts";
import { escape } from "./html.ts";
import { isStopped } from "./jobs.ts";
import { render } from "./markdown.ts";
import { Page, button } from "./page.ts";

export const REVIEW = "switchyard.reviewChanges";
const BUSY = "<p>The changes are read …</p>";

/** Which change; nothing of it: all that is not committed. */
interface Choice {
  staged?: boolean;
  base?: string;
}

/** What the server has found. */
interface Summary {
  markdown?: string;
  refusal?: string;
  /** The repository's folder: the paths in the text are relative to it. */
  root?: string;
}

/** One page, used again for each review. */
export class Review implements vscode.Disposable {
  private readonly page = new Page(
    "Review",
    ({ press }) => (press === "stop" ? this.running?.cancel() : vscode.env.clipboard.writeText(this.text)),
    () => this.running?.cancel(),
  );
  private text = "";
  private running: vscode.CancellationTokenSource | undefined;
  private tokens = 0;

  constructor(private readonly server: Server) {}

  /** Lets the user choose a change of this folder, and has it reviewed. */
  async choose(folder: vscode.Uri): Promise<void> {
    const choice = await chosen();
    if (choice) await this.show(folder, choice);
  }

  private async show(folder: vscode.Uri, choice: Choice): Promise<void> {
    this.running?.cancel();
    const running = (this.running = new vscode.CancellationTokenSource());
    this.page.forget();
    this.page.show();
    this.page.paint(BUSY, [button("stop", "Stop")]);
    const args = [folder.toString(), choice, `${REVIEW}-${++this.tokens}`];
    let found: Summary;
    try {
      found = await this.server.ask<Summary>(REVIEW, args, running.token);
    } catch (error) {
      found = { refusal: isStopped(error) ? "Stopped." : (error as Error).message };
    }
    if (running === this.running) this.end(found);
    running.dispose();
  }

  private end({ markdown = "", refusal = "", root = "" }: Summary): void {
    this.running = undefined;
    this.text = markdown;
    const said = refusal ? `<p class="said">${escape(refusal)}</p>` : "";
    const html = render(markdown, (code) => (root ? this.place(code, vscode.Uri.parse(root)) : undefined)) + said;
    this.page.paint(html, markdown ? [button("copy", "Copy")] : []);
  }

  /** What reads like `path:line` of the repository that was reviewed. */
  private place(code: string, root: vscode.Uri): string | undefined {
    const [, path = "", line = ""] = /^([^:]+):(\d{1,7})$/.exec(code) ?? [];
    if (!path || path.split(/[/\\]/).includes("..")) return undefined;
    const position = new vscode.Position(Math.max(Number(line) - 1, 0), 0);
    return this.page.link(new vscode.Location(vscode.Uri.joinPath(root, path), position));
  }

  dispose(): void {
    this.running?.cancel();
    this.page.dispose();
  }
}

async function chosen(): Promise<Choice | undefined> {
  const all = { label: "$(edit) All that is not committed", choice: {} };
  const staged = { label: "$(check) What is staged", choice: { staged: true } };
  const since = { label: "$(git-branch) What this branch has changed since…", choice: undefined };
  const picked = await vscode.window.showQuickPick([all, staged, since], { title: "Review my changes" });
  if (picked !== since) return picked?.choice;
  const base = await vscode.window.showInputBox({ title: "Review what has changed since", value: "main" });
  return base ? { base } : undefined;
}

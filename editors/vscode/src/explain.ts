// An explanation beside the code: it appears as it is written, can be stopped, copied, and followed to its places.

import * as vscode from "vscode";
import type { Server } from "./client.ts";
import { escape } from "./html.ts";
import { isStopped, type Action, type Place, type Result } from "./jobs.ts";
import { render } from "./markdown.ts";
import { Page, button, type Pressed } from "./page.ts";

const FRAME_MS = 60; // between two pictures of what is being written

/** One page, used again for each explanation. */
export class Explanation implements vscode.Disposable {
  private readonly page = new Page(
    "Explanation",
    (it) => this.pressed(it),
    () => this.running?.cancel(),
  );
  private text = "";
  private actions: Action[] = [];
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
      const why = isStopped(error) ? "Stopped." : (error as Error).message;
      if (running === this.running) this.end({ markdown: this.text, refusal: why });
    } finally {
      running.dispose();
    }
  }

  private begin(): void {
    [this.text, this.actions] = ["", []];
    this.page.forget();
    this.page.show();
    this.page.paint("<p>The model reads …</p>", [button("stop", "Stop")]);
  }

  private hear(text: string): void {
    this.text += text;
    this.painting ??= setTimeout(() => {
      this.painting = undefined;
      this.page.paint(render(this.text), [button("stop", "Stop")]);
    }, FRAME_MS);
  }

  private end(result: Result): void {
    clearTimeout(this.painting);
    this.painting = this.running = undefined;
    [this.text, this.actions] = [result.markdown ?? "", result.actions ?? []];
    const said = result.refusal ? `<p class="said">${escape(result.refusal)}</p>` : "";
    const able = this.actions.map((it, at) => (this.server.knows(it.command) ? button("action", it.title, at) : ""));
    const html = render(this.text, (href) => this.place(href)) + said;
    this.page.paint(html, this.text ? [...able, button("copy", "Copy")] : able);
  }

  /** A link to a file of the workspace, or to one that is open; all others lead nowhere. */
  private place(href: string): string | undefined {
    if (!/^(file|untitled):/i.test(href)) return undefined;
    const uri = vscode.Uri.parse(href);
    const target = uri.with({ fragment: "" });
    const open = vscode.workspace.textDocuments.some((it) => it.uri.toString() === target.toString());
    if (!open && !vscode.workspace.getWorkspaceFolder(target)) return undefined;
    const line = Number(/^L(\d{1,7})/.exec(uri.fragment)?.[1] ?? 1);
    return this.page.link(new vscode.Location(target, new vscode.Position(Math.max(line - 1, 0), 0)));
  }

  private async pressed({ press, which }: Pressed): Promise<void> {
    if (press === "stop") this.running?.cancel();
    if (press === "copy") await vscode.env.clipboard.writeText(this.text);
    const action = this.actions[which];
    if (press === "action" && action) await vscode.commands.executeCommand(action.command, ...action.arguments);
  }

  dispose(): void {
    this.running?.cancel();
    clearTimeout(this.painting);
    this.page.dispose();
  }
}

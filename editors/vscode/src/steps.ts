// The first steps, ticked off as they are done.
//
// VS Code ticks a step when a context becomes true while it knows the steps; one that was true already never counts,
// and it knows them only from the moment at which somebody looks. So each is true for a moment only, and more than once.

import * as vscode from "vscode";

/** What the steps of the walkthrough wait for. */
export type Done = "there" | "able" | "seen";

const KNOWN_MS = 6000; // VS Code takes up to five seconds to learn the steps of an extension

export class Steps implements vscode.Disposable {
  private readonly done = new Set<Done>();
  private readonly listening: vscode.Disposable;
  private later: NodeJS.Timeout | undefined;

  constructor() {
    this.listening = vscode.window.tabGroups.onDidChangeTabs(() => {
      if (!looking()) return;
      this.tick();
      clearTimeout(this.later);
      this.later = setTimeout(() => this.tick(), KNOWN_MS);
    });
  }

  /** Something is done, or is no longer so. */
  mark(name: Done, is: boolean): void {
    if (is === this.done.has(name)) return;
    if (is) this.done.add(name);
    else this.done.delete(name);
    this.tick();
  }

  private tick(): void {
    for (const name of this.done) {
      for (const is of [true, false]) void vscode.commands.executeCommand("setContext", `switchyard.${name}`, is);
    }
  }

  dispose(): void {
    clearTimeout(this.later);
    this.listening.dispose();
  }
}

/** Whether a page of VS Code's own is at hand, such as the first steps: of those it does not say which. */
function looking(): boolean {
  const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
  return tab !== undefined && tab.input === undefined;
}

// An edit that the server proposes, as a diff to be looked at: it is made when the user says so, and not before.

import * as vscode from "vscode";
import { CancellationToken, type ApplyWorkspaceEditParams, type Middleware } from "vscode-languageclient/node";
import type { Server } from "./client.ts";
import { UNTRUSTED } from "./jobs.ts";

type Guard = NonNullable<NonNullable<Middleware["workspace"]>["handleApplyEdit"]>;

const SCHEME = "switchyard-edit";

/** What the server proposes: LSP's WorkspaceEdit, what it is called, what is to be said of it. */
export interface Proposal {
  edit: object;
  title: string;
  notes?: string[];
}

/** One file of a proposal: as it is, as it would be, and by which edits. */
interface File {
  uri: vscode.Uri;
  version: number;
  edits: vscode.TextEdit[];
  after: vscode.Uri;
  text: string;
}

/** One proposal at a time; a newer one takes the place of the one before. */
export class Preview implements vscode.Disposable, vscode.TextDocumentContentProvider {
  private files: File[] = [];
  private number = 0;
  private readonly listening: vscode.Disposable[];

  constructor(private readonly server: Server) {
    this.listening = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        if (closed.some((it) => this.shows(it))) this.files = [];
      }),
    ];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.files.find((it) => it.after.toString() === uri.toString())?.text ?? "";
  }

  /** Shows what would change; buttons above the diff, and a notice, make it or leave it. */
  async show({ edit, title, notes = [] }: Proposal): Promise<void> {
    await this.discard();
    const found = await this.server.edit(edit);
    this.files = await Promise.all(found.entries().map(([uri, edits]) => this.file(uri, edits)));
    const [first] = this.files;
    if (!first) return;
    if (this.files.length === 1) {
      const shown = { preview: true, viewColumn: column(first.uri) };
      await vscode.commands.executeCommand("vscode.diff", first.uri, first.after, title, shown);
    } else {
      const sides = this.files.map((it) => [it.uri, it.uri, it.after]);
      await vscode.commands.executeCommand("vscode.changes", title, sides);
    }
    void this.ask([`Switchyard: ${title}.`, ...notes].join(" "));
  }

  private async ask(question: string): Promise<void> {
    const files = this.files;
    const answer = await vscode.window.showInformationMessage(question, "Apply", "Discard");
    if (files !== this.files) return; // decided above the diff, or another one is shown
    if (answer === "Apply") await this.apply();
    if (answer === "Discard") await this.discard();
  }

  private async file(uri: vscode.Uri, edits: vscode.TextEdit[]): Promise<File> {
    const document = await vscode.workspace.openTextDocument(uri);
    const after = vscode.Uri.from({ scheme: SCHEME, path: uri.path, query: String(++this.number) });
    return { uri, version: document.version, edits, after, text: edited(document, edits) };
  }

  /** Makes the edit, one step to undo per file; nothing, if one of the files has changed meanwhile. */
  async apply(): Promise<void> {
    const files = this.files;
    const edit = new vscode.WorkspaceEdit();
    for (const { uri, version, edits } of files) {
      const document = await vscode.workspace.openTextDocument(uri);
      if (document.version !== version) {
        await this.discard();
        void vscode.window.showWarningMessage("Switchyard: the file has changed, so nothing was done; ask again.");
        return;
      }
      edit.set(uri, edits);
    }
    await this.discard();
    await vscode.workspace.applyEdit(edit);
    if (files[0]) await vscode.window.showTextDocument(files[0].uri, { viewColumn: column(files[0].uri) });
  }

  /** Closes the diff; nothing is changed. */
  async discard(): Promise<void> {
    const shown = vscode.window.tabGroups.all.flatMap((it) => it.tabs).filter((it) => this.shows(it));
    if (this.files.length) void vscode.commands.executeCommand("notifications.hideToasts"); // it asks what is decided
    this.files = [];
    await vscode.window.tabGroups.close(shown);
  }

  private shows({ input }: vscode.Tab): boolean {
    const many = (input as { textDiffs?: vscode.TabInputTextDiff[] } | undefined)?.textDiffs ?? [];
    const diffs = input instanceof vscode.TabInputTextDiff ? [input] : many;
    return diffs.some((it) => it.modified.scheme === SCHEME);
  }

  dispose(): void {
    for (const one of this.listening) one.dispose();
  }
}

/** Where a file is shown, if it is: it is not to be opened once more beside itself. */
function column(uri: vscode.Uri): vscode.ViewColumn | undefined {
  return vscode.window.visibleTextEditors.find((it) => it.document.uri.toString() === uri.toString())?.viewColumn;
}

/**
 * What becomes of an edit that the server sends by itself: one that is to be looked at first is shown as a diff, where
 * VS Code would list it with every box unticked; and nothing edits the files of a folder that is not trusted.
 */
export function guard(preview: () => Preview): Guard {
  return async (params, next) => {
    if (!vscode.workspace.isTrusted) {
      void vscode.window.showWarningMessage(`Switchyard: ${UNTRUSTED}`);
      return { applied: false, failureReason: UNTRUSTED };
    }
    if (!asks(params)) return next(params, CancellationToken.None);
    await preview().show({ edit: params.edit, title: params.label ?? "Change" });
    return { applied: false, failureReason: "It is shown first." };
  };
}

function asks({ edit }: ApplyWorkspaceEditParams): boolean {
  return Object.values(edit.changeAnnotations ?? {}).some((it) => it.needsConfirmation);
}

/** A document's text after edits that do not overlap. */
function edited(document: vscode.TextDocument, edits: readonly vscode.TextEdit[]): string {
  const ordered = [...edits].sort((one, other) => other.range.start.compareTo(one.range.start));
  return ordered.reduce((text, { range, newText }) => {
    return text.slice(0, document.offsetAt(range.start)) + newText + text.slice(document.offsetAt(range.end));
  }, document.getText());
}

// Jobs of the server about a place in the code: what is asked, that it can be stopped, and what it came to.

import * as vscode from "vscode";
import type { Server } from "./client.ts";
import type { Preview, Proposal } from "./preview.ts";

export const UNTRUSTED = "this folder is not trusted, so nothing edits its files; trust it first.";

/** A command of the server, by its title, with its arguments. */
export interface Action {
  title: string;
  command: string;
  arguments: unknown[];
}

/** What a job is about, in the server's words. */
export interface Place {
  command: string;
  uri: unknown;
  range: unknown;
  note: unknown;
  more: unknown;
}

/** What a job came to: a text, an edit to be looked at, or a refusal with its reason. */
export interface Result extends Partial<Proposal> {
  markdown?: string;
  refusal?: string;
  actions?: Action[];
}

/** The arguments of a code action as a place; the token that stands among them is ours to give. */
export function place(command: string, args: readonly unknown[]): Place {
  const [uri, range, note = null, , more = null] = args;
  return { command, uri, range, note, more };
}

/** The place where the user is: what is selected, or the diagnostics at the cursor. */
export async function here(server: Server, command: string, editor: vscode.TextEditor, note = ""): Promise<Place> {
  const { document, selection } = editor;
  const all = vscode.languages.getDiagnostics(document.uri).filter((it) => it.range.intersection(selection));
  const range: vscode.Range = selection.isEmpty && all[0] ? all[0].range : selection;
  const points = {
    start: { line: range.start.line, character: range.start.character },
    end: { line: range.end.line, character: range.end.character },
  };
  const more = all.length ? { diagnostics: await server.reported(all) } : null;
  return { command, uri: document.uri.toString(), range: points, note: note || null, more };
}

/** Has an edit made, with a notice by which it can be stopped, and shows it; a refusal is told. */
export async function carryOut(server: Server, preview: Preview, title: string, asked: Place): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    void vscode.window.showWarningMessage(`Switchyard: ${UNTRUSTED}`);
    return;
  }
  const location = vscode.ProgressLocation.Notification;
  try {
    const result = await vscode.window.withProgress({ location, title, cancellable: true }, (progress, token) => {
      let lines = 0;
      const heard = (text: string) => {
        lines += text.split("\n").length - 1;
        progress.report({ message: lines ? `${lines} lines` : "" });
      };
      return server.job({ ...asked, more: { ...(asked.more as object | null), preview: true } }, heard, token);
    });
    if (result.edit) await preview.show({ edit: result.edit, title: result.title ?? title, notes: result.notes ?? [] });
    else await told(result);
  } catch (error) {
    if (!isStopped(error)) void vscode.window.showErrorMessage(`Switchyard: ${(error as Error).message}`);
  }
}

/** Tells why a job came to nothing; what could be done about it are buttons. */
async function told({ refusal, actions = [] }: Result): Promise<void> {
  if (!refusal) return;
  const titles = actions.map((it) => it.title);
  const chosen = await vscode.window.showWarningMessage(`Switchyard: ${refusal}`, ...titles);
  const action = actions.find((it) => it.title === chosen);
  if (action) await vscode.commands.executeCommand(action.command, ...action.arguments);
}

/** Whether a request was taken back by the user (-32800), or by the server for another of theirs (-32802). */
export function isStopped(error: unknown): boolean {
  const code = (error as { code?: number }).code;
  return error instanceof vscode.CancellationError || code === -32800 || code === -32802;
}

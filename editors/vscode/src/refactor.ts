// Refactoring: one of the kinds that the server offers here, or what the user says; the server previews its edit.

import * as vscode from "vscode";
import { here, place, type Place } from "./jobs.ts";
import type { Server } from "./client.ts";

const COMMAND = "switchyard.refactor";

interface Choice extends vscode.QuickPickItem {
  asked?: Place;
}

/** What the user wants done with the selection, or with what stands at the cursor; undefined: nothing. */
export async function choose(server: Server, editor: vscode.TextEditor): Promise<Place | undefined> {
  const own: Choice = { label: "$(edit) In your own words…" };
  const chosen = await vscode.window.showQuickPick<Choice>(
    offered(editor).then((found) => [...found, own]),
    { title: "Refactor", placeHolder: "Every change is shown before it is made" },
  );
  if (!chosen) return undefined;
  if (chosen.asked) return chosen.asked;
  const words = await vscode.window.showInputBox({
    title: "Refactor",
    prompt: "What is to be different afterwards?",
    placeHolder: "use a dataclass",
  });
  return words ? here(server, COMMAND, editor, words) : undefined;
}

/** The kinds that the server offers here, by its own code actions. */
async function offered(editor: vscode.TextEditor): Promise<Choice[]> {
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    "vscode.executeCodeActionProvider",
    editor.document.uri,
    editor.selection,
    vscode.CodeActionKind.Refactor.value,
  );
  return actions
    .filter((it) => it.command?.command === COMMAND)
    .map((it) => ({
      label: it.title.replace(/ \(Switchyard\)$/, ""),
      asked: place(COMMAND, it.command?.arguments ?? []),
    }));
}

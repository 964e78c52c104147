// Ghost text: when the server is asked, and what it is told of what became of its answers.

import * as vscode from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import { editor, setting } from "./around.ts";
import { Shown, type Candidate } from "./fate.ts";
import { isOn } from "./settings.ts";

type Items = vscode.InlineCompletionItem[] | vscode.InlineCompletionList;
/** Tells the server; the command's arguments are those of the item. */
type Tell = (command: string, name: readonly unknown[]) => void;

const TOLD = { "partly accepted": "switchyard.partlyAccepted", accepted: "switchyard.accepted" };
const CURSOR_MS = 150; // after the last move of the cursor, the server hears where it is
const TYPING_MS = 5000; // whoever has typed so lately still waits for what comes next

/** The ghost text of this window. */
export class Ghost implements vscode.Disposable {
  private shown: { document: vscode.TextDocument; follow: Shown } | undefined;
  private until = 0; // nothing comes by itself before this time
  private awaiting: vscode.TextDocument | undefined; // where the user has asked for a first one
  private typed = 0; // when something was last typed
  private readonly listening: vscode.Disposable;
  private waking: NodeJS.Timeout | undefined;

  constructor(
    private readonly tell: Tell,
    private readonly changed: () => void,
    private readonly seen: () => void,
  ) {
    this.listening = vscode.workspace.onDidChangeTextDocument((event) => this.follow(event));
  }

  readonly middleware: Pick<Middleware, "provideInlineCompletionItems"> = {
    provideInlineCompletionItems: async (document, position, context, token, next) => {
      if (context.triggerKind === vscode.InlineCompletionTriggerKind.Automatic && !this.wanted(document)) {
        return undefined;
      }
      const answer = await next(document, position, context, token);
      if (!token.isCancellationRequested) this.show(document, position, answer ?? []);
      return answer;
    },
  };

  /** Whether completions come by themselves in this document now. */
  private wanted(document: vscode.TextDocument): boolean {
    return (
      Date.now() >= this.until &&
      setting("complete.automatic", true) &&
      isOn(setting("languages", {}), document.languageId)
    );
  }

  get snoozed(): boolean {
    return Date.now() < this.until;
  }

  /** When it ends, as the user's clock says it. */
  get awake(): string {
    return new Date(this.until).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  }

  /** Nothing comes by itself for so many minutes; 0: it does again. */
  snooze(minutes: number): void {
    clearTimeout(this.waking);
    this.until = Date.now() + minutes * 60_000;
    if (minutes) this.waking = setTimeout(this.changed, minutes * 60_000 + 50);
    void vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
    this.changed();
  }

  /** The user does not want what is on show. */
  dismiss(): void {
    const name = this.shown?.follow.current;
    this.shown = undefined;
    void vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
    if (name) this.tell("switchyard.dismissed", name);
  }

  private show(document: vscode.TextDocument, position: vscode.Position, answer: Items): void {
    const items = Array.isArray(answer) ? answer : answer.items;
    const candidates = items.flatMap((it) => candidate(document, position, it) ?? []);
    this.shown = candidates.length ? { document, follow: new Shown(candidates) } : undefined;
    if (this.shown) this.seen();
    if (this.shown && document === this.awaiting) this.awaiting = undefined;
  }

  /** Asks for ghost text at the cursor, and once more when the engine has become ready if none comes now. */
  await(document: vscode.TextDocument): void {
    this.awaiting = document;
    void vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
  }

  /** The engine has become ready: who has just typed is not to wait for the next key. */
  again(): void {
    const at = editor();
    if (!at) return;
    const typing = Date.now() - this.typed < TYPING_MS && this.wanted(at.document);
    if (typing || at.document === this.awaiting) {
      void vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
    }
  }

  private follow(event: vscode.TextDocumentChangeEvent): void {
    if (event.document === editor()?.document && event.contentChanges.length) this.typed = Date.now();
    if (event.document !== this.shown?.document) return;
    const follow = this.shown.follow;
    for (const change of event.contentChanges) {
      const told = follow.changed({ offset: change.rangeOffset, removed: change.rangeLength, text: change.text });
      if (told) this.tell(TOLD[told.fate], told.name);
    }
    if (!follow.current) this.shown = undefined;
  }

  dispose(): void {
    clearTimeout(this.waking);
    this.listening.dispose();
  }
}

function candidate(
  document: vscode.TextDocument,
  position: vscode.Position,
  item: vscode.InlineCompletionItem,
): Candidate | undefined {
  const name = item.command?.arguments;
  if (typeof item.insertText !== "string" || !name) return undefined;
  const start = document.offsetAt(item.range?.start ?? position);
  return { start, text: item.insertText, typed: document.offsetAt(position) - start, name };
}

/** Tells the server where the cursor is, once it rests: what it may want to show there can be read in advance. */
export function cursors(tell: (params: object) => void): vscode.Disposable {
  let resting: NodeJS.Timeout | undefined;
  const listening = vscode.window.onDidChangeTextEditorSelection(() => {
    clearTimeout(resting);
    resting = setTimeout(() => {
      const at = editor();
      if (!at) return;
      const { line, character } = at.selection.active;
      tell({ textDocument: { uri: at.document.uri.toString() }, position: { line, character } });
    }, CURSOR_MS);
  });
  return new vscode.Disposable(() => {
    clearTimeout(resting);
    listening.dispose();
  });
}

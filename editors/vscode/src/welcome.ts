// The first run: the server is installed from what the extension carries, and a first ghost text is tried.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { offer, type Server } from "./client.ts";
import type { Ghost } from "./ghost.ts";
import { prepare } from "./status.ts";

/** A file in which even the engine without weights knows how to go on. */
const BLOCK = "for row in rows:\n    row.fold()\n    show(row)\n\n";
const SAMPLE = `${BLOCK.repeat(3)}for row in rows:\n    `;

/** Offers the ways to install the server; the chosen one is put into a terminal, where the user sends it off. */
export async function install(context: vscode.ExtensionContext): Promise<void> {
  const wheel = carried(context.extensionPath);
  if (!wheel) {
    void vscode.window.showInformationMessage("This build carries no server: install Switchyard as its README says.");
    return;
  }
  const target = `'${wheel}[embedded]'`;
  const ways = [
    { label: "uv", description: "uv tool install", line: `uv tool install --force ${target}` },
    { label: "pipx", description: "pipx install", line: `pipx install --force ${target}` },
  ];
  const title = "Install Switchyard's server with";
  const placeHolder = "The command is shown in a terminal; press Enter there";
  const ignoreFocusOut = true; // the page of first steps may take the focus back
  const chosen = await vscode.window.showQuickPick(ways, { title, placeHolder, ignoreFocusOut });
  if (chosen) prepare(chosen.line);
}

/** The server's wheel in the extension's folder. */
function carried(folder: string): string | undefined {
  try {
    const name = readdirSync(join(folder, "server")).find((it) => it.endsWith(".whl"));
    return name && join(folder, "server", name);
  } catch {
    return undefined;
  }
}

/** Opens a new file with something to go on with, and asks for ghost text at its end. */
export async function tryIt(server: Server, ghost: Ghost): Promise<void> {
  if (!server.command.length) {
    return offer("Switchyard: the server is not installed yet.", { "Install it": "switchyard.install" });
  }
  const document = await vscode.workspace.openTextDocument({ language: "python", content: SAMPLE });
  const editor = await vscode.window.showTextDocument(document);
  const end = document.lineAt(document.lineCount - 1).range.end;
  editor.selection = new vscode.Selection(end, end);
  ghost.await(document);
}

// What the extension reads of its surroundings: settings, the program, the document at hand.

import { accessSync, constants, statSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { find, type Found } from "./finding.ts";
import type { Setting } from "./settings.ts";

export const SECTION = "switchyard";
/** Settings that the server does not know. */
const OWN = ["program", "languages"];

/** Where the server's program is, by this machine's disk. */
export function program(context: vscode.ExtensionContext): Found {
  const windows = process.platform === "win32";
  const checkout = context.extensionMode === vscode.ExtensionMode.Development ? context.extensionPath : "";
  return find({
    named: setting<string[]>("program", []),
    path: process.env.PATH ?? "",
    home: homedir(),
    windows,
    checkout: checkout && join(checkout, "..", "..", ".venv", windows ? "Scripts/python.exe" : "bin/python"),
    isProgram,
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The server's settings, each with what the user and what the workspace says. */
export function settings(context: vscode.ExtensionContext): Setting[] {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  return keys(context).map((key) => {
    const found = configuration.inspect(key);
    return { key, user: found?.globalValue, workspace: found?.workspaceFolderValue ?? found?.workspaceValue };
  });
}

function keys(context: vscode.ExtensionContext): string[] {
  const sections = context.extension.packageJSON.contributes.configuration as { properties: object }[];
  const all = sections.flatMap((it) => Object.keys(it.properties)).map((it) => it.slice(SECTION.length + 1));
  return all.filter((it) => !OWN.includes(it));
}

export function setting<T>(key: string, otherwise: T): T {
  return vscode.workspace.getConfiguration(SECTION).get<T>(key, otherwise);
}

/** The editor that one types in, if the server could know its document. */
export function editor(): vscode.TextEditor | undefined {
  const active = vscode.window.activeTextEditor;
  return active && ["file", "untitled"].includes(active.document.uri.scheme) ? active : undefined;
}

/** The folder of the workspace that the document at hand is in, or the first. */
export function root(): vscode.Uri | undefined {
  const at = editor()?.document.uri;
  return ((at && vscode.workspace.getWorkspaceFolder(at)) ?? vscode.workspace.workspaceFolders?.[0])?.uri;
}

/** Where the extension, and so the server, runs. */
export function where(): string {
  return vscode.env.remoteName ? `${hostname()} (${vscode.env.remoteName})` : "this machine";
}

// What other tools report of a file is told to the server, so that its reviews do not say it again.

import * as vscode from "vscode";
import type { Server } from "./client.ts";

const REST_MS = 400; // after the last change of what is reported
const OURS = "Switchyard"; // the source of our own diagnostics

export function others(server: Server): vscode.Disposable {
  const due = new Set<string>();
  let resting: NodeJS.Timeout | undefined;
  const tell = async () => {
    const open = vscode.workspace.textDocuments.filter((it) => due.has(it.uri.toString()));
    due.clear();
    for (const { uri } of open) {
      const found = vscode.languages.getDiagnostics(uri).filter((it) => it.source !== OURS);
      const diagnostics = await server.reported(found);
      await server.tell("switchyard/diagnostics", { uri: uri.toString(), diagnostics });
    }
  };
  const listening = vscode.languages.onDidChangeDiagnostics(({ uris }) => {
    for (const uri of uris) due.add(uri.toString());
    clearTimeout(resting);
    resting = setTimeout(() => void tell(), REST_MS);
  });
  return new vscode.Disposable(() => {
    clearTimeout(resting);
    listening.dispose();
  });
}

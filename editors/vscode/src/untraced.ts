// What the language client says between the lines: every message with the code in it. It is written nowhere.

import type { LogOutputChannel } from "vscode";

const OFF = 0; // vscode.LogLevel.Off

/** A log like this one in which no message is traced, whatever level is set. */
export function untraced(log: LogOutputChannel): LogOutputChannel {
  return { ...log, logLevel: OFF, onDidChangeLogLevel: () => ({ dispose: () => undefined }), trace: () => undefined };
}

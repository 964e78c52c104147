// The language server as this window has it: found, started, listened to, started again when it ends.

import * as vscode from "vscode";
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  ExecuteCommandRequest,
  LanguageClient,
  ProgressType,
  State as ClientState,
  type ClientCapabilities,
  type Middleware,
  type WorkspaceEdit,
} from "vscode-languageclient/node";
import { program, settings } from "./around.ts";
import type { State } from "./menu.ts";
import type { Place, Result } from "./jobs.ts";
import { Restarts } from "./restarts.ts";
import { launch, table } from "./settings.ts";
import { untraced } from "./untraced.ts";

/** What the server says of its engine. */
export interface Status {
  state: State;
  message: string;
  engine: string;
  uri?: string; // the document that "excluded" is said of, or not any more
}

/** The client with a log and without notices: what the user is told, `Server` tells, once. */
class Client extends LanguageClient {
  override error(message: string, reason?: unknown): void {
    super.error(message, reason, false);
  }
}

const LOAD = "switchyard-load"; // the status item shows a load's progress; VS Code need not, too

/** One server at most, and what happens to it. */
export class Server implements vscode.Disposable {
  private client: Client | undefined;
  private readonly restarts = new Restarts();
  private readonly heard = new vscode.EventEmitter<Status>();
  /** The server, or this extension, has something to say of the state of things. */
  readonly onStatus = this.heard.event;
  /** The program and its first arguments, once it is found. */
  command: string[] = [];
  private launched = "";
  private turn: Promise<void> = Promise.resolve();
  private tokens = 0;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly middleware: Middleware,
  ) {}

  get running(): boolean {
    return this.client?.state === ClientState.Running;
  }

  /** Starts the server, or ends it and starts it anew; says what is missing. Calls wait for each other. */
  restart(): Promise<void> {
    this.turn = this.turn.then(() => this.begin()).catch((error) => this.log.error(String(error)));
    return this.turn;
  }

  private async begin(): Promise<void> {
    await this.end();
    this.restarts.forget();
    const found = program(this.context);
    if ("missing" in found) {
      this.command = [];
      return this.say("absent", found.missing);
    }
    this.command = found.program;
    this.say("starting", `${found.program[0]} starts.`);
    this.log.info(`starts ${found.program.join(" ")}`);
    const client = this.made();
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      this.log.error(`did not start: ${error}`);
      this.say("ended", "The server did not start; its log says why.");
    }
  }

  private made(): Client {
    const set = settings(this.context);
    const flags = launch(set);
    this.launched = flags.join("\n");
    const [command, ...first] = this.command;
    const client = new Client(
      "switchyard",
      "Switchyard",
      { command: command as string, args: [...first, "lsp", ...flags] },
      {
        documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
        initializationOptions: { switchyard: table(set) },
        outputChannel: this.log,
        traceOutputChannel: untraced(this.log),
        middleware: { ...this.middleware, handleWorkDoneProgress: quietly },
        errorHandler: {
          error: () => ({ action: ErrorAction.Continue, handled: true }), // what ends is told once, when it has ended
          closed: () => this.closed(),
        },
        initializationFailedHandler: () => false,
      },
    );
    client.registerFeature({
      fillClientCapabilities: (capabilities: ClientCapabilities) => {
        capabilities.experimental = { ...(capabilities.experimental as object), switchyardStatus: true };
      },
      initialize: () => {},
      getState: () => ({ kind: "static" }),
      clear: () => {},
    });
    client.onNotification("switchyard/status", (status: Status) => this.heard.fire(status));
    return client;
  }

  private closed(): { action: CloseAction; handled: boolean } {
    const again = this.restarts.again(Date.now());
    this.log.warn(again ? "the server has ended; it is started again" : "the server ends again and again");
    if (again) {
      this.say("starting", "The server has ended; it is started again.");
    } else {
      this.say("ended", "The server has ended five times in three minutes; its log says why.");
      void offer("Switchyard's server ends again and again.", {
        "Start again": "switchyard.restart",
        Log: "switchyard.log",
      });
    }
    return { action: again ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true };
  }

  /** Takes changed settings: those of the launch need a new server, the workspace's are told. */
  async configured(): Promise<void> {
    const set = settings(this.context);
    const found = program(this.context);
    const command = "program" in found ? found.program : [];
    if (launch(set).join("\n") !== this.launched || command.join("\n") !== this.command.join("\n")) {
      return this.restart();
    }
    await this.tell(DidChangeConfigurationNotification.method, { settings: { switchyard: table(set) } });
  }

  /** Sends a notification, if there is somebody to hear it. */
  async tell(method: string, params: object): Promise<void> {
    if (this.running) await this.client?.sendNotification(method, params);
  }

  /** Has the server carry out one of its commands. Rejects if it can't. */
  async ask<T>(command: string, args: readonly unknown[], token?: vscode.CancellationToken): Promise<T> {
    if (!this.client || !this.running) throw new Error("Switchyard's server does not run.");
    const params = { command, arguments: [...args] as never[] };
    return (await this.client.sendRequest(ExecuteCommandRequest.type, params, token)) as T;
  }

  /** Has a job done about a place; what the model says on the way is heard. Rejects as `ask` does. */
  async job(place: Place, heard: (text: string) => void, token?: vscode.CancellationToken): Promise<Result> {
    const name = `${place.command}-${++this.tokens}`;
    const listening = this.client?.onProgress(new ProgressType<{ delta?: string }>(), name, (report) => {
      if (typeof report?.delta === "string") heard(report.delta);
    });
    try {
      const { command, uri, range, note, more } = place;
      return (await this.ask<Result>(command, [uri, range, note, name, more], token)) ?? {};
    } finally {
      listening?.dispose();
    }
  }

  /** What of this command the server knows; an older one knows less. */
  knows(command: string): boolean {
    return this.client?.initializeResult?.capabilities.executeCommandProvider?.commands.includes(command) ?? false;
  }

  /** Diagnostics as the server reads them. */
  async reported(diagnostics: readonly vscode.Diagnostic[]): Promise<object[]> {
    return this.client ? await this.client.code2ProtocolConverter.asDiagnostics([...diagnostics]) : [];
  }

  /** An edit in VS Code's words, without the marks by which it would ask again before it makes it. */
  async edit(edit: object): Promise<vscode.WorkspaceEdit> {
    const plain = new vscode.WorkspaceEdit();
    const found = await this.client?.protocol2CodeConverter.asWorkspaceEdit(edit as WorkspaceEdit);
    for (const [uri, edits] of found?.entries() ?? []) {
      plain.set(uri, edits.map((it) => new vscode.TextEdit(it.range, it.newText)));
    }
    return plain;
  }

  private say(state: State, message: string): void {
    this.heard.fire({ state, message, engine: "" });
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (!client) return;
    try {
      if (client.state === ClientState.Running) await client.stop(2000);
      await client.dispose(2000);
    } catch (error) {
      this.log.warn(`the server did not end in time: ${error}`);
    }
  }

  async dispose(): Promise<void> {
    await this.turn.then(() => this.end());
    this.heard.dispose();
  }
}

function quietly(token: unknown, params: unknown, next: (token: never, params: never) => void): void {
  if (!String(token).startsWith(LOAD)) next(token as never, params as never);
}

/** A message with buttons, each of which is a command. */
export async function offer(message: string, buttons: Record<string, string>): Promise<void> {
  const chosen = await vscode.window.showWarningMessage(message, ...Object.keys(buttons));
  if (chosen) await vscode.commands.executeCommand(buttons[chosen] as string);
}

// What the user and the workspace have set, as the server takes it: launch arguments and a table.

export interface Setting {
  /** The server's name for it, such as `runtime.engine`. */
  key: string;
  /** What the user has set, in VS Code's own settings of this machine. */
  user?: unknown;
  /** What the workspace has set. */
  workspace?: unknown;
}

/** Switches that the extension itself heeds at every request, so that no server has to be started anew for them. */
const OURS = new Set(["complete.automatic"]);

/** The user's settings as `--set KEY=VALUE`; a value is TOML, of which JSON's texts, numbers and lists are a part. */
export function launch(settings: readonly Setting[]): string[] {
  return settings
    .filter((it) => it.user !== undefined && !OURS.has(it.key))
    .flatMap((it) => ["--set", `${it.key}=${JSON.stringify(it.user)}`]);
}

/** The workspace's settings as a table, which the server lets tighten and nothing else. */
export function table(settings: readonly Setting[]): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { key, workspace } of settings) {
    if (workspace === undefined || OURS.has(key)) continue;
    const path = key.split(".");
    const last = path.pop() as string;
    const inner = path.reduce((at, name) => (at[name] ??= {}) as Record<string, unknown>, root);
    inner[last] = workspace;
  }
  return root;
}

/** Whether completions come while one types in a language, by a table like `{ "*": true, "markdown": false }`. */
export function isOn(languages: unknown, language: string): boolean {
  const chosen = (typeof languages === "object" && languages !== null ? languages : {}) as Record<string, unknown>;
  return (chosen[language] ?? chosen["*"] ?? true) !== false;
}

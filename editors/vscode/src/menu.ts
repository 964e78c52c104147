// What the status item says in each state, and what its menu offers to mend it.

export type State =
  | "starting"
  | "ready"
  | "loading"
  | "busy"
  | "offline"
  | "excluded"
  | "off"
  | "snoozed"
  | "absent"
  | "ended";

/** All that the status item knows. */
export interface Situation {
  state: State;
  /** Why: the server's own sentence, or ours. */
  message: string;
  engine: string;
  /** For how many seconds it has been in this state, while something loads. */
  seconds: number;
  /** The language at hand, or empty; and whether completions come in it while one types. */
  language: string;
  languageOn: boolean;
  automatic: boolean;
  /** On which machine the server runs, and where its engine listens. */
  where: string;
  host: string;
  trusted: boolean;
}

export interface Look {
  text: string;
  tooltip: string;
  alarm: boolean;
}

/** What an entry of the menu does: a command of ours, or text for a terminal, which the user sends off. */
export interface Entry {
  label: string;
  detail?: string;
  command?: string;
  argument?: unknown;
  terminal?: string;
}

const ICONS: Record<State, string> = {
  starting: "$(loading~spin)",
  ready: "$(git-merge)",
  loading: "$(loading~spin)",
  busy: "$(sync~spin)",
  offline: "$(debug-disconnect)",
  excluded: "$(circle-slash)",
  off: "$(circle-slash)",
  snoozed: "$(clock)",
  absent: "$(warning)",
  ended: "$(error)",
};

const NAMES: Record<State, string> = {
  starting: "the server starts",
  ready: "ready",
  loading: "a model loads",
  busy: "at work",
  offline: "no engine answers",
  excluded: "this file is left out",
  off: "off",
  snoozed: "snoozed",
  absent: "not installed",
  ended: "the server has ended",
};

/** The item in the status bar; its tooltip is plain text. */
export function look(it: Situation): Look {
  const lines = [`Switchyard: ${NAMES[it.state]}${it.engine ? ` (${it.engine})` : ""}`, it.message];
  if (it.state === "ready" && !it.automatic) lines.push("Suggestions come only when you ask for them.");
  if (it.state === "loading" && it.seconds) lines.push(`${it.seconds} s so far.`);
  if (it.state !== "absent") {
    lines.push(`The server runs on ${it.where}${it.host ? `; its engine listens at ${it.host}` : ""}.`);
  }
  if (!it.trusted) lines.push("This folder is not trusted: nothing edits its files.");
  const tooltip = lines.filter(Boolean).join("\n");
  const text = `${ICONS[it.state]} Switchyard${it.state === "loading" && it.seconds ? ` ${it.seconds} s` : ""}`;
  return { text, tooltip, alarm: it.state === "absent" || it.state === "ended" };
}

/** The menu: first what mends the state, then what one may want at any time. */
export function menu(it: Situation): Entry[] {
  return [...mending(it), ...pausing(it), ...always(it)];
}

function mending(it: Situation): Entry[] {
  switch (it.state) {
    case "absent":
      return [
        { label: "$(cloud-download) Install the server…", command: "switchyard.install" },
        { label: "$(search) Look for it again", command: "switchyard.restart" },
      ];
    case "ended":
      return [{ label: "$(debug-restart) Start the server again", command: "switchyard.restart" }];
    case "offline":
      return [{ label: "$(refresh) Look for engines again", command: "switchyard.restart" }];
    case "snoozed":
      return [{ label: "$(bell) Suggest again", command: "switchyard.snooze", argument: 0 }];
    default:
      return [];
  }
}

function pausing(it: Situation): Entry[] {
  if (it.state === "absent" || it.state === "ended") return [];
  const entries: Entry[] = [];
  if (it.language) {
    const label = it.languageOn ? `$(circle-slash) Off in ${it.language}` : `$(play) On in ${it.language}`;
    entries.push({ label, command: "switchyard.toggleLanguage", argument: it.language });
  }
  const automatic = it.automatic ? "$(debug-pause) Suggest only when asked" : "$(play) Suggest while typing";
  entries.push({ label: automatic, command: "switchyard.toggle" });
  if (it.state !== "snoozed" && it.automatic) {
    entries.push({ label: "$(clock) Snooze for 5 minutes", command: "switchyard.snooze", argument: 5 });
    entries.push({ label: "$(clock) Snooze for an hour", command: "switchyard.snooze", argument: 60 });
  }
  return entries;
}

function always(it: Situation): Entry[] {
  const server: Entry[] = [
    { label: "$(pulse) What is here and what is missing", command: "switchyard.doctor" },
    { label: "$(list-tree) Plan: which model does which job", command: "switchyard.plan" },
    { label: "$(graph) Statistics", command: "switchyard.stats" },
  ];
  return [
    ...(it.state === "absent" ? [] : server),
    { label: "$(gear) Settings", command: "switchyard.settings" },
    { label: "$(output) Log", command: "switchyard.log" },
    { label: "$(book) First steps", command: "switchyard.welcome" },
  ];
}

/** One line of the doctor's report. */
export interface Check {
  name: string;
  state: string;
  found: string;
  mend: string;
}

const RUNNABLE = /^(?:ollama|switchyard|apt|uv|pipx) [\w .:'/=[\]-]+$/;

/** What the doctor would do, as entries: a command is put into a terminal, a step is only shown. */
export function mends(checks: readonly Check[]): Entry[] {
  return checks
    .filter((it) => it.mend && ["missing", "wrong", "warning"].includes(it.state))
    .map((it) => {
      const detail = `${it.name}: ${it.found}`;
      if (RUNNABLE.test(it.mend)) return { label: `$(terminal) ${it.mend}`, detail, terminal: it.mend };
      return { label: `$(lightbulb) ${it.mend}`, detail, command: "switchyard.doctor" };
    });
}

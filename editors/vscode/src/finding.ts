// Where the server's program is: named by the user, on the PATH, or where an installer puts it. Touches no disk itself.

export interface Surroundings {
  /** The user's own setting: a program and its first arguments, or nothing. */
  named: readonly string[];
  /** The PATH of the environment, and the user's home folder. */
  path: string;
  home: string;
  windows: boolean;
  /** The interpreter of the checkout that the extension stands in, while it is developed there. */
  checkout: string;
  isProgram(path: string): boolean;
}

export type Found = { program: string[] } | { missing: string };

/** The command line to which a subcommand is added. What lies in a workspace is never run: only absolute places count. */
export function find(around: Surroundings): Found {
  const [name, ...first] = around.named;
  if (name) {
    const at = isAbsolute(name, around.windows) ? name : /[/\\]/.test(name) ? "" : onPath(name, around);
    if (at && around.isProgram(at)) return { program: [at, ...first] };
    return { missing: `The setting switchyard.program names ${name}, which is no program here.` };
  }
  const at = onPath("switchyard", around) ?? installed(around).find(around.isProgram);
  if (at) return { program: [at] };
  if (around.checkout && around.isProgram(around.checkout)) {
    return { program: [around.checkout, "-I", "-m", "lsp"] };
  }
  return { missing: "The program switchyard is not on the PATH of this machine." };
}

function isAbsolute(path: string, windows: boolean): boolean {
  return path.startsWith("/") || (windows && /^[A-Za-z]:[\\/]/.test(path));
}

function onPath(name: string, around: Surroundings): string | undefined {
  const folders = around.path.split(around.windows ? ";" : ":").filter((it) => isAbsolute(it, around.windows));
  return folders.flatMap((it) => spellings(`${it}/${name}`, around.windows)).find(around.isProgram);
}

/** Where `uv tool install` and `pipx install` put a program; an editor that a desktop starts has them on no PATH. */
function installed(around: Surroundings): string[] {
  return around.home ? spellings(`${around.home}/.local/bin/switchyard`, around.windows) : [];
}

function spellings(path: string, windows: boolean): string[] {
  return windows ? [`${path}.exe`] : [path];
}

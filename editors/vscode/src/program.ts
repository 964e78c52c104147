// The command line of Switchyard as the extension uses it: the doctor's report, the plan, the statistics, the settings.

import { execFile } from "node:child_process";
import { readFile, rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Check } from "./menu.ts";

const PATIENCE_MS = 60_000;
const MOST_BYTES = 16 << 20;

/** Runs subcommands of one program; the flags are the user's settings as `--set`. */
export class Program {
  constructor(
    private readonly command: () => readonly string[],
    private readonly flags: () => readonly string[],
    private readonly folder: () => string | undefined,
  ) {}

  /** What a subcommand prints as JSON; its exit code may tell of a lack and is no failure. Rejects without JSON. */
  async json<T>(...words: string[]): Promise<T> {
    return JSON.parse(await this.run([...words, "--json"])) as T;
  }

  async doctor(): Promise<Check[]> {
    return (await this.json<{ checks: Check[] }>("doctor")).checks;
  }

  /** Where an engine listens by the settings in force, or an empty text. */
  async host(engine: string): Promise<string> {
    const settings = await this.json<Record<string, { value: unknown }>>("config");
    return String(settings[`runtime.${engine}.host`]?.value ?? "");
  }

  /** The page of plots that `switchyard stats --html` writes. */
  async stats(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "switchyard-"));
    try {
      const page = join(folder, "stats.html");
      await this.run(["stats", "--html", page]);
      return await readFile(page, "utf8");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async run(words: readonly string[]): Promise<string> {
    const [program, ...first] = this.command();
    if (!program) throw new Error("The program switchyard was not found.");
    const options = { timeout: PATIENCE_MS, maxBuffer: MOST_BYTES, cwd: this.folder(), windowsHide: true };
    const [name, ...rest] = words;
    try {
      const line = [...first, name as string, ...this.flags(), ...rest];
      return (await promisify(execFile)(program, line, options)).stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      if (stdout) return stdout;
      throw new Error(stderr?.trim().split("\n").at(-1) || "switchyard could not be run.");
    }
  }
}

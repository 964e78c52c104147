// How often a server that ends by itself is started again: four times in three minutes.

export const MOST = 4;
export const WITHIN_MS = 3 * 60 * 1000;

/** Counts the ends of a server. */
export class Restarts {
  private ends: number[] = [];

  /** The server has ended at `now`; whether it is to be started again. */
  again(now: number): boolean {
    this.ends = [...this.ends.filter((it) => now - it < WITHIN_MS), now];
    return this.ends.length <= MOST;
  }

  /** The user wants it to be tried once more. */
  forget(): void {
    this.ends = [];
  }
}

// What became of the ghost text on show, by the changes of its document: VS Code's stable API does not tell.

/** One item of the last answer: what is to stand from `start` on, a UTF-16 offset, and what it is called by. */
export interface Candidate {
  start: number;
  text: string;
  /** What of the text stood there before. */
  typed: number;
  /** The arguments by which the server knows it. */
  name: readonly unknown[];
}

export interface Change {
  offset: number;
  removed: number;
  text: string;
}

export type Fate = "partly accepted" | "accepted";
export interface Told {
  fate: Fate;
  name: readonly unknown[];
}

/** Follows one answer from the moment it is shown until the text has left it behind. */
export class Shown {
  private candidates: readonly Candidate[];
  private parts = 0;

  constructor(candidates: readonly Candidate[]) {
    this.candidates = candidates;
  }

  /** What could still be dismissed. */
  get current(): readonly unknown[] | undefined {
    return this.candidates[0]?.name;
  }

  /**
   * One change of the document. Somebody who types adds a character at a time, so more at once that goes on as
   * suggested is a part that was accepted; the last part makes it whole, for VS Code runs an item's command only when
   * all of it is accepted in one go.
   */
  changed(change: Change): Told | undefined {
    const before = this.candidates;
    this.candidates = before.flatMap((it) => advanced(it, change) ?? []);
    const first = this.candidates[0];
    if (!first || change.text.length < 2) return undefined;
    const whole = first.typed === first.text.length;
    if (whole && this.parts === 0) return undefined; // its command runs
    this.parts += 1;
    return { fate: whole ? "accepted" : "partly accepted", name: first.name };
  }
}

/** The candidate after a change that goes on as it says; undefined after any other. */
function advanced(candidate: Candidate, change: Change): Candidate | undefined {
  const end = candidate.start + candidate.typed;
  const from = change.offset - candidate.start; // VS Code replaces what was typed, or only adds to it
  if (from < 0 || change.offset > end || change.offset + change.removed < end) return undefined;
  const typed = from + change.text.length;
  return candidate.text.startsWith(change.text, from) && typed > candidate.typed ? { ...candidate, typed } : undefined;
}

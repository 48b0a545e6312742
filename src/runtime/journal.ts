/** One thing that was about to be made for a container; `detail` is for the runtime that wrote it. */
export interface JournalEntry {
  readonly seq: number;
  readonly kind: string;
  readonly detail: unknown;
}

/**
 * What was made for one container, written down *before* each thing is made, so that a later process
 * can undo it by this list alone.
 */
export interface Journal {
  making(kind: string, detail: unknown): number;
  unmade(seq: number): void;
  entries(): JournalEntry[];
}

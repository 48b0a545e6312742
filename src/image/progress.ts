/** How far one piece of long work has come: a blob that is fetched, a layer that is unpacked. */
export interface Progress {
  /** tells pieces of the same work apart: a digest, a name */
  readonly id: string;
  /** what is done to it, for people: `pulling`, `unpacking` */
  readonly what: string;
  /** bytes so far */
  readonly done: number;
  /** bytes in all, if that is known */
  readonly total?: number;
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
}

/** Is told as often as there is something to tell: what shows it decides how often it looks. Must not throw. */
export type ReportProgress = (progress: Progress) => void;

export const noProgress: ReportProgress = () => undefined;

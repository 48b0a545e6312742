import type { Process } from './process.js';

/** A session, with the terminal that controls it. */
export interface Session {
  readonly id: number;
  leader: Process | undefined;
  login: string;
  /** The name of its controlling terminal below /dev. */
  terminal: string | undefined;
}

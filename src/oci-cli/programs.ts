import { statSync } from 'node:fs';
import { findProgram, type Program } from './program.js';
import { isKnownRunc } from './runc/recognise.js';

/** A program that makes containers, with what was found out about it. */
export interface KnownProgram {
  readonly program: Program;
  /** true for a runc whose `start` and `delete` are known here; never rejects */
  readonly isRunc: Promise<boolean>;
}

/** The programs that this daemon has used, looked at once each: until their files change, as in an upgrade. */
export interface Programs {
  /**
   * @param wanted `auto`, a name or a path
   * @throws RuntimeError not-found
   */
  find(wanted: string): KnownProgram;
}

interface Entry extends KnownProgram {
  readonly path: string;
  readonly identity: string;
}

export function createPrograms(): Programs {
  const found = new Map<string, Entry>();
  return {
    find: (wanted) => {
      const last = found.get(wanted);
      if (last !== undefined && last.identity === identify(last.path)) return last;
      const program = findProgram(wanted);
      const path = program.file;
      const entry = { program, isRunc: isKnownRunc(program), path, identity: identify(path) };
      found.set(wanted, entry);
      return entry;
    },
  };
}

/** Differs when the file is another, or has another content; '' when there is none. */
function identify(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? '' : [stat.dev, stat.ino, stat.size, stat.mtimeMs].join();
}

import { writeSync } from 'node:fs';
import { constants } from 'node:os';

/** Standard output of the program. */
export interface Output {
  readonly print: (text: string) => void;
  /** Resolves when all of it is with the kernel. */
  flushed(): Promise<void>;
}

/** As programs in C are ended by SIGPIPE when nobody reads them any more, so is this one: without a word. */
export function createOutput(): Output {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(128 + constants.signals.SIGPIPE);
    writeSync(2, `jailer: cannot write to standard output: ${error.message}\n`);
    process.exit(125);
  });
  return {
    print: (text) => {
      process.stdout.write(text);
    },
    flushed: () =>
      new Promise((resolve) => {
        process.stdout.write('', () => {
          resolve();
        });
      }),
  };
}

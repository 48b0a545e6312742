import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CliError } from '../error.js';

/** A password is a line. */
const longest = 64 * 1024;

/** Asks on the terminal. @throws CliError without one, or when the user ends it */
export const askLine = (question: string): Promise<string> => ask(question, true);

/** Asks on the terminal, and does not show what is typed. @throws CliError without one, or when the user ends it */
export const askSecret = (question: string): Promise<string> => ask(question, false);

async function ask(question: string, shown: boolean): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new CliError('there is no terminal to ask on: use --username and --password-stdin');
  }
  process.stderr.write(question);
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const lines = createInterface({
    input: process.stdin,
    output: shown ? process.stderr : nowhere,
    terminal: true,
    historySize: 0,
  });
  try {
    return await new Promise<string>((resolve, reject) => {
      const stop = (): void => {
        reject(new CliError('cancelled'));
      };
      lines.once('line', resolve);
      lines.once('close', stop);
      lines.once('SIGINT', stop);
    });
  } finally {
    lines.close();
    if (!shown) process.stderr.write('\n');
  }
}

/** Reads standard input whole; a newline at its end is not part of it. @throws CliError */
export async function readSecret(): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of process.stdin) {
    parts.push(part as Buffer);
    size += (part as Buffer).length;
    if (size > longest) throw new CliError('standard input is too long for a password');
  }
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

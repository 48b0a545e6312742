import { childExit, spawnChild } from '../runtime/children.js';
import type { Program } from './program.js';

/** What a program prints, and how it ended; for questions that are asked once in the life of a daemon. */
export interface Output {
  readonly code: number | null;
  readonly text: string;
}

/** Runs a program to its end. @throws Error when it cannot be executed */
export async function programOutput(program: Program, args: readonly string[]): Promise<Output> {
  const child = spawnChild(program.file, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: Object.fromEntries(program.environment.map((entry) => entry.split(/=(.*)/s))) as NodeJS.ProcessEnv,
  });
  const exit = childExit(child, program.name);
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise((resolve) => child.stdout?.once('close', resolve));
  const { code } = await exit;
  await closed;
  return { code, text: Buffer.concat(chunks).toString('utf8') };
}

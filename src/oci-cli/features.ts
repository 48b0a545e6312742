import { childExit, spawnChild } from '../runtime/children.js';
import { RuntimeError } from '../runtime/error.js';
import { parseJson } from '../runtime/spec.js';
import type { Program } from './program.js';

/**
 * What the program can do, as `features` of crun and runc prints it (runtime-spec features.md).
 * Programs before that command existed tell nothing, and the answer is an empty document.
 */
export async function readFeatures(program: Program): Promise<unknown> {
  const child = spawnChild(program.file, ['features'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: Object.fromEntries(program.environment.map((entry) => entry.split(/=(.*)/s))) as NodeJS.ProcessEnv,
  });
  const exit = childExit(child, program.name);
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise((resolve) => child.stdout?.once('close', resolve));
  const { code } = await exit;
  await closed;
  if (code !== 0) return {};
  const text = Buffer.concat(chunks).toString('utf8');
  if (text.trim() === '') throw new RuntimeError('failed', `${program.name} features printed nothing`);
  return parseJson(text, `output of ${program.name} features`);
}

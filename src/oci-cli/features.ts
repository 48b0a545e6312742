import { RuntimeError } from '../runtime/error.js';
import { parseJson } from '../runtime/spec.js';
import { programOutput } from './output.js';
import type { Program } from './program.js';

/**
 * What the program can do, as `features` of crun and runc prints it (runtime-spec features.md).
 * Programs before that command existed tell nothing, and the answer is an empty document.
 */
export async function readFeatures(program: Program): Promise<unknown> {
  const { code, text } = await programOutput(program, ['features']);
  if (code !== 0) return {};
  if (text.trim() === '') throw new RuntimeError('failed', `${program.name} features printed nothing`);
  return parseJson(text, `output of ${program.name} features`);
}

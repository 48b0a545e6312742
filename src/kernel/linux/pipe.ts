import { Arena } from '../arena.js';
import type { Pipe } from '../host.js';
import type { LocalKernel } from '../kernel.js';
import { callOnce, single } from './call.js';

const O_CLOEXEC = 0o2000000;

/** A pipe, both ends blocking and close-on-exec: pipe2(2). Throws KernelError. */
export function createPipe(kernel: LocalKernel): Pipe {
  const arena = new Arena(8);
  const ends = arena.reserve(8);
  const answer = callOnce(kernel, single('pipe2', [{ arena: ends }, O_CLOEXEC], arena), 'pipe');
  const view = new DataView(answer.arena.buffer, answer.arena.byteOffset);
  return { read: view.getInt32(0, true), write: view.getInt32(4, true) };
}

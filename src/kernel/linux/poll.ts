import { Arena } from '../arena.js';
import type { LocalKernel } from '../kernel.js';
import { callOnce, single } from './call.js';

const POLLHUP = 0x10;
const eventsOut = 6;

/** Whether the other side of a pipe, FIFO or terminal was there and is gone: poll(2), POLLHUP. Throws KernelError. */
export function hasHungUp(kernel: LocalKernel, fd: number): boolean {
  const arena = new Arena(8);
  const request = arena.reserve(8);
  arena.write(request, Buffer.from(Int32Array.of(fd).buffer));
  const answer = callOnce(kernel, single('poll', [{ arena: request }, 1, 0], arena), `descriptor ${fd}`);
  return ((answer.arena[request + eventsOut] ?? 0) & POLLHUP) !== 0;
}

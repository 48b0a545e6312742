import { Arena } from '../arena.js';
import { isKernelError } from '../error.js';
import type { Batch, LocalKernel } from '../kernel.js';
import { callOnce, single, type Single } from './call.js';

const POLLHUP = 0x10;
const eventsOut = 6;

/** Whether the other side of a pipe, FIFO or terminal was there and is gone: poll(2), POLLHUP. Throws KernelError. */
export function hasHungUp(kernel: LocalKernel, fd: number): boolean {
  const arena = new Arena(8);
  const request = arena.reserve(8);
  arena.write(request, Buffer.from(Int32Array.of(fd).buffer));
  const answer = untilNotInterrupted(
    kernel,
    single('poll', [{ arena: request }, 1, 0], arena),
    `descriptor ${fd}`,
  );
  return ((answer.arena[request + eventsOut] ?? 0) & POLLHUP) !== 0;
}

/**
 * A child that ends at the same moment interrupts even a poll(2) that does not wait; it is never restarted by the
 * kernel (signal(7)), and asking again changes nothing.
 */
function untilNotInterrupted(kernel: LocalKernel, batch: Batch, object: string): Single {
  for (;;) {
    try {
      return callOnce(kernel, batch, object);
    } catch (error) {
      if (!isKernelError(error, 'EINTR')) throw error;
    }
  }
}

import { isNonBlocking, wouldBlock } from './blocking.js';
import { fail } from './failure.js';
import type { OpenFile } from './open-file.js';
import type { Process } from './process.js';

// PIPE_SIZE of sys/pipe.h grows to this where there is room: BIG_PIPE_SIZE
const room = 64 * 1024;

/** The two ends of a pipe. On FreeBSD either can be read and written. */
export function pipeEnds(process: Process, flags: number): [OpenFile, OpenFile] {
  const toSecond: number[] = [];
  const toFirst: number[] = [];
  const make = (incoming: number[], outgoing: number[], other: () => OpenFile): OpenFile => {
    const end: OpenFile = {
      jail: process.jail,
      references: 0,
      flags: flags | 2,
      read: ({ memory }, address, length) => {
        if (incoming.length === 0 && other().references > 0) wouldBlock(end, 'read of a pipe');
        const bytes = Uint8Array.from(incoming.splice(0, length));
        memory.write(address, bytes);
        return bytes.byteLength;
      },
      write: ({ memory }, address, length) => {
        if (other().references === 0) fail('EPIPE');
        const free = room - outgoing.length;
        // What does not wait writes what fits; what waits writes all, or here nothing yet.
        if (free === 0 || (length > free && !isNonBlocking(end))) wouldBlock(end, 'write to a pipe');
        const taken = Math.min(length, free);
        outgoing.push(...memory.at(address, taken));
        return taken;
      },
    };
    return end;
  };
  const first: OpenFile = make(toFirst, toSecond, () => second);
  const second: OpenFile = make(toSecond, toFirst, () => first);
  return [first, second];
}

import { openIn, read, statusOf } from '../../kernel/freebsd/file.js';
import { run } from '../../kernel/freebsd/run.js';
import { RuntimeError } from '../../runtime/error.js';
import type { Root } from './root.js';
import { visit } from './visit.js';
import { hostPathOf } from './walk.js';

/**
 * Reads a small file inside a root, such as /etc/passwd. Only a regular file is opened at all: opening a fifo or a device
 * can hang or do something.
 *
 * @param limit bytes
 * @returns undefined if there is no such file
 * @throws RuntimeError invalid, if it is something else or larger
 * @throws KernelError
 */
export async function readFileIn(root: Root, path: string, limit: number): Promise<Uint8Array | undefined> {
  return visit(root, path, async (place, release) => {
    const { directory, name, status } = place;
    if (status === undefined) return undefined;
    const at = hostPathOf(root, place);
    if (name === undefined || status.kind !== 'file') throw refused(at, `is a ${status.kind}, not a file`);
    if (status.size > BigInt(limit)) throw tooLarge(at, limit);
    // It can be another one by now: a fifo does not make this wait, and what it is is looked at again.
    const { opened, data } = await run(root.system, (b) => {
      const { value } = openIn(b, directory, name, { nonBlocking: true });
      const fd = b.temporary(value);
      return { opened: statusOf(b, fd, at), data: read(b, fd, limit + 1, at), released: release(b) };
    });
    if (opened.kind !== 'file') throw refused(at, `is a ${opened.kind}, not a file`);
    if (data.byteLength > limit) throw tooLarge(at, limit);
    return data;
  });
}

function refused(path: string, why: string): RuntimeError {
  return new RuntimeError('invalid', `${path}: ${why}`);
}

function tooLarge(path: string, limit: number): RuntimeError {
  return refused(path, `is larger than ${limit} bytes`);
}

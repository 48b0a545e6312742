import { isKernelError, type KernelError } from '../../kernel/error.js';
import type { BatchBuilder, Outcome, Step } from '../../kernel/freebsd/batch-builder.js';
import { openTemporarily, read, statusOf } from '../../kernel/freebsd/file.js';
import type { FileStatus } from '../../kernel/freebsd/file-status.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { RuntimeError } from '../../runtime/error.js';
import { longestUserFile } from '../user/files.js';
import type { UserFiles } from '../user/user.js';

// What most images have fits; the buffer goes to the agent and back with each question.
const firstRead = 16 * 1024;

interface Part {
  readonly status: FileStatus;
  readonly bytes: Uint8Array;
}

/**
 * Reads an image's passwd(5) and group(5) as somebody who is in the jail already: whatever their names lead to lies
 * within the image.
 */
export function readUserFiles(b: BatchBuilder): Step<readonly [FirstPart, FirstPart]> {
  const [passwd, group] = [readFirst(b, '/etc/passwd'), readFirst(b, '/etc/group')];
  return { value: passwd.value, decode: (outcome) => [passwd.decode(outcome), group.decode(outcome)] };
}

/** The beginning of a file; undefined if there is none. */
export interface FirstPart {
  readonly path: string;
  readonly part: Part | undefined;
}

/** Turns what was read into text, after reading on if that was not all. */
export async function completeUserFiles(
  inside: FreeBSD,
  [passwd, group]: readonly [FirstPart, FirstPart],
): Promise<UserFiles> {
  return { passwd: await complete(inside, passwd), group: await complete(inside, group) };
}

async function complete(inside: FreeBSD, { path, part }: FirstPart): Promise<string | undefined> {
  if (part === undefined) return undefined;
  if (part.status.size > longestUserFile) {
    throw new RuntimeError('invalid', `${path} of the image: larger than ${longestUserFile} bytes`);
  }
  const size = Number(part.status.size);
  if (size <= part.bytes.byteLength) return Buffer.from(part.bytes).toString('utf8');
  const all = await run(inside, (b) => b.attempt(() => read(b, opened(b, path), size, path)));
  if (isKernelError(all)) throw all;
  return Buffer.from(all).toString('utf8');
}

function readFirst(b: BatchBuilder, path: string): Step<FirstPart> {
  // A step of its own each: what is read of something that is no file does not matter.
  const fd = b.attempt(() => {
    const value = opened(b, path);
    return { value, decode: () => undefined };
  });
  const status = b.attempt(() => statusOf(b, fd.value, path));
  const bytes = b.attempt(() => read(b, fd.value, firstRead, path));
  return { value: fd.value, decode: (outcome) => ({ path, part: decode(path, fd, status, bytes, outcome) }) };
}

function decode(
  path: string,
  fd: Step<KernelError | undefined>,
  status: Step<FileStatus | KernelError>,
  bytes: Step<Uint8Array | KernelError>,
  outcome: Outcome,
): Part | undefined {
  const failure = fd.decode(outcome);
  if (isKernelError(failure)) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(failure.code)) return undefined;
    throw failure;
  }
  const known = status.decode(outcome);
  if (isKernelError(known)) throw known;
  if (known.kind !== 'file')
    throw new RuntimeError('invalid', `${path} of the image: a ${known.kind}, no file`);
  const got = bytes.decode(outcome);
  if (isKernelError(got)) throw got;
  return { status: known, bytes: got };
}

/** Without waiting for the other end of a FIFO. */
function opened(b: BatchBuilder, path: string): { readonly result: number } {
  return openTemporarily(b, path, { nonBlocking: true });
}

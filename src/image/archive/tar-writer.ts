import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';

/** One member of a tar that is written. */
export type Member =
  | { readonly name: string; readonly directory: true }
  | { readonly name: string; readonly bytes: string }
  | { readonly name: string; readonly size: number; readonly open: () => Readable };

/** Nothing that differs from one time to another. */
const usual = { mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' };

type Tar = ReturnType<typeof pack>;

/** Writes a tar. What a member has is read when its turn has come, and not faster than the tar is read. */
export async function* writeTar(members: Iterable<Member>): AsyncGenerator<Buffer> {
  const tar = pack();
  let failure: Error | undefined;
  const filling = fill(tar, members).catch((error: unknown) => {
    failure = error instanceof Error ? error : new Error(String(error));
    tar.destroy();
  });
  try {
    for await (const chunk of tar) yield chunk as Buffer;
  } catch (error) {
    throw failure ?? error; // of the tar, which says only that it was destroyed
  } finally {
    tar.destroy();
    await filling;
  }
  if (failure !== undefined) throw failure;
}

async function fill(tar: Tar, members: Iterable<Member>): Promise<void> {
  for (const member of members) {
    if (tar.destroyed) return;
    if ('open' in member) {
      await pipeline(
        member.open(),
        tar.entry({ ...usual, name: member.name, size: member.size, mode: 0o644 }),
      );
    } else if ('bytes' in member) {
      await addSmall(tar, { ...usual, name: member.name, mode: 0o644 }, member.bytes);
    } else {
      await addSmall(tar, { ...usual, name: member.name, type: 'directory', mode: 0o755 }, '');
    }
  }
  tar.finalize();
}

function addSmall(tar: Tar, header: Parameters<Tar['entry']>[0], bytes: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null): void => {
      if (error) reject(error);
      else resolve();
    };
    const entry = header.type === 'directory' ? tar.entry(header, done) : tar.entry(header, bytes, done);
    entry.on('error', reject);
  });
}

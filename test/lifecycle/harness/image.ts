import { makeDirectory, openTemporarily, write } from '../../../src/kernel/freebsd/file.js';
import type { Case } from '../../conformance/harness/case.js';

const folders = ['bin', 'dev', 'etc', 'proc', 'tmp'];
const files = {
  'etc/passwd': 'root:*:0:0::/root:/bin/sh\nwww:*:80:80::/srv/www:/bin/sh\n',
  'etc/group': 'wheel:*:0:root\nwww:*:80:\nextra:*:90:www\n',
};

/**
 * Makes an image on the machine, which has our program and no other: as a snapshot would lie there.
 *
 * @param program the bytes of native/inmate.c for that machine
 * @returns its path
 */
export async function makeImage(c: Case, program: Uint8Array): Promise<string> {
  const path = await c.makeFolder('image');
  await c.run((b) => {
    return folders.map((folder) => makeDirectory(b, openTemporarily(b, path), folder, 0o755));
  });
  for (const [name, text] of Object.entries(files))
    await plant(c, `${path}/${name}`, Buffer.from(text), 0o644);
  await plant(c, `${path}/bin/inmate`, program, 0o755);
  return path;
}

/** Writes a file of the machine. */
export async function plant(c: Case, path: string, data: Uint8Array, mode = 0o644): Promise<void> {
  const create = { mode, exclusive: true };
  const written = await c.run((b) => {
    return write(b, openTemporarily(b, path, { access: 'write', create }), data, path);
  });
  if (written !== data.byteLength) throw new Error(`${path}: ${written} of ${data.byteLength} bytes`);
}

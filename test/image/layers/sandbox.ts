import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after } from 'node:test';
import { openLocalKernel } from '../../../src/kernel/local.js';
import { linuxFiles } from '../../../src/kernel/linux/files.js';
import type { Unpacked } from '../../../src/image/layers/unpack.js';
import { unpack, type UnpackOptions } from '../../../src/image/layers/unpack.js';

export const kernel = openLocalKernel('koffi');
export const files = linuxFiles(kernel);
after(() => {
  kernel.close();
});

/** A directory of this test, removed at its end. */
export function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), 'layers-'));
  after(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

/** A root in a directory with something around it. */
export function rootWithCanary(): { readonly outside: string; readonly root: string } {
  const outside = temporary();
  for (const name of ['etc', 'tmp', 'outside']) {
    mkdirSync(join(outside, name));
    mkdirSync(join(outside, name, 'sub'));
    writeFileSync(join(outside, name, 'canary'), `canary of ${name}`);
  }
  const root = join(outside, 'parent', 'root');
  mkdirSync(root, { recursive: true });
  return { outside, root };
}

export const apply = (tar: Buffer, root: string, options: Partial<UnpackOptions> = {}): Promise<Unpacked> =>
  unpack(Readable.from([tar]), 'none', root, { files, whiteouts: 'remove', ...options });

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inFolder } from '../../image/content/place.js';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const program = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

test('waiting for a container that was never started is an error, and no exit code', { skip }, () =>
  inFolder(async (folder) => {
    const root = join(folder, 'root');
    await mkdir(root);
    const jailer = (...words: string[]): string => {
      const args = [program, '--data-dir', join(folder, 'data'), ...words];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      return `${status} ${words[0] === 'wait' ? stdout : ''}${stderr}`;
    };
    assert.equal(jailer('create', '--name', 'idle', '--rootfs', root, 'true'), '0 ');
    assert.equal(jailer('wait', 'idle'), '125 jailer: container idle was never started: see jailer start\n');
  }),
);

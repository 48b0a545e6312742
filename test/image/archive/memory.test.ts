import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inFolder } from '../content/place.js';

const program = fileURLToPath(new URL('memory-program.js', import.meta.url));

const mostOf = (folder: string, mebibytes: number): number => {
  const args = [program, folder, `${mebibytes}`];
  return Number(
    execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
};

test('saving and loading take no more memory for a layer that is larger', async () => {
  let small = 0;
  await inFolder((folder) => {
    small = mostOf(folder, 16);
    return Promise.resolve();
  });
  await inFolder((folder) => {
    const large = mostOf(folder, 256);
    const mebibyte = 1024 * 1024;
    assert(large < small + 96 * mebibyte, `${large} bytes for 256 MiB, ${small} for 16 MiB`);
    return Promise.resolve();
  });
});

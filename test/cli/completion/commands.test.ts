import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commands } from '../../../src/cli/commands.js';
import { shells } from '../../../src/cli/completion/command-line.js';
import { inFolder, makeImage, withContent } from '../../image/content/place.js';

const program = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

const jailer = (folder: string, ...args: string[]): string =>
  execFileSync(process.execPath, [program, '--data-dir', folder, ...args], { encoding: 'utf8' });

suite('jailer completion', () => {
  test('prints a script for each shell, with all commands and their options', async () => {
    await inFolder(async (folder) => {
      for (const shell of shells) {
        const script = jailer(folder, 'completion', shell);
        for (const entry of commands) {
          const { command } = await entry.load();
          assert(script.includes(entry.name), `${shell}: ${entry.name}`);
          for (const option of command.options)
            assert(script.includes(option.name), `${shell}: ${option.name}`);
        }
        const path = join(folder, shell);
        await writeFile(path, script);
        const { error, status, stderr } = spawnSync(shell, ['-n', path], { encoding: 'utf8' });
        if (error === undefined) assert.deepEqual([status, stderr], [0, ''], shell);
      }
    });
  });

  test('prints the names of images, short', async () => {
    await withContent(async ({ blobs, images }, data) => {
      const { manifest } = await makeImage(blobs);
      images.set('docker.io/library/web:1', manifest);
      images.set('localhost:5000/a/b:2', manifest);
      assert.equal(jailer(data, 'completion', '--names', 'images'), 'web:1\nlocalhost:5000/a/b:2\n');
    });
  });

  test('asks for a shell that it knows', async () => {
    await inFolder((folder) => {
      for (const [words, line] of [
        [['tcsh'], 'jailer: completion: "tcsh" is none of bash, zsh, fish\n'],
        [[], 'jailer: completion: for which shell? one of bash, zsh, fish\n'],
      ] as const) {
        const args = [program, '--data-dir', folder, 'completion', ...words];
        const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
        assert.deepEqual([status, stderr], [125, line]);
      }
      return Promise.resolve();
    });
  });
});

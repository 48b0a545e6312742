import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Context } from '../../../src/cli/command.js';
import { command } from '../../../src/cli/commands/save.js';
import { parseOptions } from '../../../src/cli/options.js';
import { inFolder, makeImage, noise, withContent } from '../../image/content/place.js';

const nothing = (): void => undefined;

test('one who stops a save finds no part of the archive', () =>
  inFolder(async (folder) => {
    const data = join(folder, 'data');
    await withContent(async ({ blobs, images }) => {
      images.set('docker.io/library/web:1', (await makeImage(blobs, [noise(100_000)])).manifest);
    }, data);
    const context: Context = {
      places: { data, launcher: '' },
      print: nothing,
      progress: nothing,
      endProgress: nothing,
      atEnd: nothing,
      tell: nothing,
      signal: AbortSignal.abort(),
    };
    const { values, operands } = parseOptions('save', command, ['-o', join(folder, 'web.tar'), 'web:1']);
    await assert.rejects(command.run(context, values, operands), { message: 'save: stopped', exitCode: 130 });
    assert.deepEqual(await readdir(folder), ['data']);
  }));

import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { ImageError } from '../../../src/image/error.js';
import { usualLimits } from '../../../src/image/layers/limits.js';
import { unpack } from '../../../src/image/layers/unpack.js';
import { compressed, hostileTars, type Hostile } from './hostile-tars.js';
import { files, rootWithCanary } from './sandbox.js';
import { listTree } from './tree-listing.js';

const skip = process.getuid?.() === 0 ? false : 'needs root, so that nothing but the code is in the way';

for (const whiteouts of ['remove', 'overlay'] as const) {
  describe(`hostile layers, whiteouts: ${whiteouts}`, { skip }, () => {
    const { outside, root } = rootWithCanary();
    const around = (): string[] => listTree(files, outside, '/parent');
    const before = around();
    const all = hostileTars(join(outside, 'outside'));

    const unpackAll = async (hostile: Hostile): Promise<unknown> => {
      let error: unknown;
      for (const layer of hostile.layers) {
        assert.equal(error, undefined, 'a layer before the last was refused');
        const source = Readable.from([compressed(hostile, layer)]);
        const compression = hostile.gzip === true ? 'gzip' : 'none';
        const limits = { ...usualLimits, ...hostile.limits };
        error = await unpack(source, compression, root, { files, whiteouts, limits }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
      }
      return error;
    };

    it('are some hundreds', () => {
      assert.ok(all.length >= 400, `${all.length}`);
    });

    for (const hostile of all) {
      it(`${hostile.what}: refused or harmless`, async () => {
        mkdirSync(root, { recursive: true });
        const error = await unpackAll(hostile);
        rmSync(root, { recursive: true });
        assert.deepEqual(around(), before);
        if (hostile.refused === true) assert.ok(error instanceof ImageError, 'was not refused');
        if (error === undefined) return;
        assert.ok(error instanceof ImageError, inspect(error));
        // eslint-disable-next-line no-control-regex -- one line, and nothing that moves a cursor
        assert.doesNotMatch(error.message, /[\x00-\x1f]/);
      });
    }
  });
}

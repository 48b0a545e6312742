import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { storeLayer } from '../../../src/image/build/new-layer.js';
import { openContent } from '../../../src/image/content/content.js';
import { hostLocks } from '../../../src/image/content/file-lock.js';
import { treesDiff } from '../../../src/image/layers/diff/trees.js';
import { openRoots } from '../../../src/image/roots/open.js';
import { linuxFiles } from '../../../src/kernel/linux/files.js';
import { openLocalKernel } from '../../../src/kernel/local.js';

const program = fileURLToPath(new URL('kill-program.js', import.meta.url));
const linuxRoot = process.platform === 'linux' && process.getuid?.() === 0;

for (const kind of ['overlay', 'copy'] as const) {
  const onOverlay = kind === 'overlay' && statfsSync(tmpdir()).type === 0x794c7630;
  const skip = !linuxRoot
    ? 'needs Linux and root'
    : onOverlay
      ? 'the temporary folder is an overlay itself'
      : false;
  test(
    `killed at any moment, ${kind} leaves what the next one begins again or removes`,
    { skip },
    async (t) => {
      const data = mkdtempSync(join(tmpdir(), 'kill-roots-'));
      const kernel = openLocalKernel('koffi');
      assert(kernel.platform === 'linux');
      const files = linuxFiles(kernel);
      const locks = hostLocks();
      const content = await openContent(data);
      t.after(async () => {
        await content.close();
        locks.close();
        kernel.close();
        rmSync(data, { recursive: true });
      });
      const layers = [];
      for (const name of ['low', 'high']) {
        const tree = join(data, `tree-${name}`);
        mkdirSync(join(tree, 'dir'), { recursive: true });
        for (const each of [name, 'same', 'dir/in']) writeFileSync(join(tree, each), name);
        const tar = treesDiff(files, undefined, tree);
        assert(tar !== undefined);
        layers.push(await storeLayer(tar, content.blobs));
      }
      let killed = 0;
      let whole = false;
      for (let moment = 1; !whole; moment += 1) {
        const ran = spawnSync(process.execPath, [
          program,
          data,
          kind,
          JSON.stringify(layers),
          String(moment),
        ]);
        assert(ran.signal === 'SIGKILL' || ran.status === 0, ran.stderr.toString());
        whole = ran.status === 0;
        killed += whole ? 0 : 1;
        const roots = await openRoots({ directory: join(data, 'roots'), locks, files, kind });
        await roots.prepare(layers, content.blobs);
        const tree = roots.tree(layers);
        assert.deepEqual(tree.list(''), ['dir', 'high', 'low', 'same'], `at ${moment}`);
        assert.equal(tree.lookup('same')?.size, 4);
        for (const key of await roots.keys()) await roots.remove(key);
        await roots.close();
        await roots.collect([]);
        assert.deepEqual(readdirSync(join(data, 'roots', kind, 'unpacked')), [], `at ${moment}`);
        assert.deepEqual(readdirSync(join(data, 'roots', kind, 'containers')), []);
        const holds = readdirSync(join(data, 'roots', kind)).filter((name) => name.startsWith('hold-'));
        assert.deepEqual(holds, [], `at ${moment}`);
      }
      t.diagnostic(`killed at ${killed} moments`);
      assert.ok(killed > 5);
    },
  );
}

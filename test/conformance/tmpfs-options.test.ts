import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { flagsAt, mountedAt, mounts, of, open, tryPath, unmountRaw } from './harness/mounts.js';
import { call, text, type RawOption } from './harness/raw.js';
import { statusAt } from '../../src/kernel/freebsd/file.js';

const folder = (c: Case): Promise<string> => c.makeFolder('m');

group('tmpfs(5)', 'observed on 12.1', (states) => {
  /** What a new tmpfs with one option is, on a folder of mode 0750 that belongs to 7:8. */
  const made = async (c: Case, ...options: RawOption[]) => {
    const path = await folder(c);
    assert.equal(await tryPath(c.system.kernel, 'chmod', path, 0o750), '');
    assert.equal(await tryPath(c.system.kernel, 'chown', path, 7, 8), '');
    await mounts(c, of('tmpfs', path, ...options));
    const { blocks, blockSize, files } = await mountedAt(c, path);
    const { mode, uid, gid } = await c.run((b) => statusAt(b, path));
    return { bytes: Number(blocks * blockSize), files: Number(files), mode, uid, gid };
  };

  states('by default it is like the directory that it covers, without limits', async (c) => {
    const { files, mode, uid, gid } = await made(c);
    assert.deepEqual({ files, mode, uid, gid }, { files: 2_147_483_647, mode: 0o750, uid: 7, gid: 8 });
  });

  const sizes: [text: string, bytes: number][] = [
    ['1048576', 1 << 20],
    ['1m', 1 << 20],
    ['1M', 1 << 20],
    ['1K', 4096],
    ['64k', 65_536],
    ['1g', 1 << 30],
    ['4097', 8192],
    ['  4096', 4096],
    ['0x2000', 8192],
  ];
  for (const [size, bytes] of sizes) {
    states(
      `size "${size}" is ${bytes} bytes, with 14 files a page`,
      async (c) => {
        const found = await made(c, ['size', text(size)]);
        assert.deepEqual([found.bytes, found.files], [bytes, (bytes / 4096) * 14]);
      },
      on12,
    );
  }

  for (const size of ['0', '-1', '1.5m', '1mb', 'abc', '50%', '', ' 1 m']) {
    states(
      `size "${size}" is silently no limit`,
      async (c) => {
        const { bytes, files } = await made(c, ['size', text(size)]);
        assert.equal(files, 2_147_483_647);
        assert.ok(bytes > 1 << 21);
      },
      on12,
    );
  }

  states(
    'a number in binary is silently no limit',
    async (c) => {
      assert.equal((await made(c, ['size', Uint8Array.of(0, 0, 16, 0, 0, 0, 0, 0)])).files, 2_147_483_647);
    },
    on12,
  );

  const modes: [text: string, mode: number][] = [
    ['700', 0o700],
    ['1777', 0o1777],
    ['01777', 0o1777],
    ['4755', 0o4755],
    ['7777', 0o7777],
    ['17777', 0o7777],
    ['9', 0o750],
    ['rwx', 0o750],
    ['0x1ff', 0],
  ];
  for (const [mode, wanted] of modes) {
    states(
      `mode "${mode}" is ${wanted.toString(8)}`,
      async (c) => {
        assert.equal((await made(c, ['mode', text(mode)])).mode, wanted);
      },
      on12,
    );
  }

  states('uid and gid are decimal numbers, names are silently ignored', async (c) => {
    const found = await made(c, ['uid', text('1001')], ['gid', text('1002')]);
    assert.deepEqual([found.uid, found.gid], [1001, 1002]);
  });

  states(
    "a user's name is silently ignored, -1 is the highest number",
    async (c) => {
      const scratch = await c.scratch();
      assert.equal((await made(c, ['uid', text('root')])).uid, 7);
      assert.equal(await unmountRaw(c.system.kernel, `${scratch}/m`), '');
      await mounts(c, of('tmpfs', `${scratch}/m`, ['uid', text('-1')]));
      assert.equal((await c.run((b) => statusAt(b, `${scratch}/m`))).uid, 4_294_967_295);
    },
    on12,
  );

  for (const [inodes, files] of [
    ['10', 10],
    ['1k', 1024],
    ['4', 4],
    ['3', 2_147_483_647],
    ['0', 2_147_483_647],
    ['-5', 2_147_483_647],
  ] as const) {
    states(
      `inodes "${inodes}" is ${files} files`,
      async (c) => {
        assert.equal((await made(c, ['inodes', text(inodes)])).files, files);
      },
      on12,
    );
  }

  states(
    'a write that does not fit fails as a whole',
    async (c) => {
      const path = await folder(c);
      await mounts(c, of('tmpfs', path, ['size', text('64k')]));
      const { value } = await open(c, `${path}/f`, c.constants.O_CREAT | c.constants.O_WRONLY);
      const write = (length: number) => {
        return call(c.system.kernel, 'write', (arena) => [value, { arena: arena.reserve(length) }, length]);
      };
      assert.equal((await write(100_000)).error, 'ENOSPC');
      assert.equal((await c.run((b) => statusAt(b, `${path}/f`))).size, 0n);
      assert.equal((await write(10)).value, 10);
    },
    on12,
  );

  states(
    'the root counts among the inodes',
    async (c) => {
      const path = await folder(c);
      await mounts(c, of('tmpfs', path, ['inodes', text('6')]));
      const outcomes: string[] = [];
      for (let n = 0; n < 8; n++) {
        outcomes.push((await open(c, `${path}/f${n}`, c.constants.O_CREAT | c.constants.O_WRONLY)).error);
      }
      assert.deepEqual(outcomes, ['', '', '', '', '', 'ENOSPC', 'ENOSPC', 'ENOSPC']);
    },
    on12,
  );

  states('a file has at most maxfilesize bytes', async (c) => {
    const path = await folder(c);
    await mounts(c, of('tmpfs', path, ['maxfilesize', text('4k')]));
    const { value } = await open(c, `${path}/f`, c.constants.O_CREAT | c.constants.O_WRONLY);
    const { error } = await call(c.system.kernel, 'write', (arena) => [
      value,
      { arena: arena.reserve(5000) },
      5000,
    ]);
    assert.equal(error, 'EFBIG');
  });

  states('it comes from "tmpfs", whatever was said', async (c) => {
    const path = await folder(c);
    await mounts(c, of('tmpfs', path, ['from', text('myname')]));
    assert.deepEqual([(await mountedAt(c, path)).from, await flagsAt(c, path)], ['tmpfs', 0x1000]);
  });
});

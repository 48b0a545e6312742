import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { unpack } from '../../../src/image/layers/unpack.js';
import { apply, files, temporary } from './sandbox.js';
import { tarOf } from './tar-builder.js';

const isRoot = process.getuid?.() === 0;

const everything = tarOf(
  { name: './', type: '5', mode: 0o755 },
  { name: 'bin/', type: '5', mode: 0o1777, mtime: 1_500_000_000 },
  { name: 'bin/su', mode: 0o4755, uid: 7, gid: 8, body: 'set-id', mtime: 1_400_000_000 },
  { name: 'bin/sudo', type: '1', link: 'bin/su' },
  { name: 'bin/sh', type: '2', link: '/bin/su', uid: 3, gid: 4, mtime: 1_300_000_000 },
  { name: 'dev/null', type: '3', mode: 0o666, major: 1, minor: 3 },
  { name: 'dev/sda', type: '4', mode: 0o660, major: 8, minor: 4000 },
  { name: 'run/fifo', type: '6', mode: 0o600 },
  { name: 'exact', body: 'x', pax: { mtime: '1234567890.123456789', uid: '3000000' } },
  {
    name: 'capable',
    pax: {
      'SCHILY.xattr.security.capability': Buffer.from('0100000200200000000000000000000000000000', 'hex'),
    },
  },
  { name: 'noted', pax: { 'SCHILY.xattr.user.note': Buffer.from([0, 255, 10, 61]) } },
);

describe('unpack', { skip: isRoot ? false : 'needs root, to make devices and give files away' }, () => {
  it('makes all that a layer says: types, owners, modes, times, attributes', async () => {
    const root = temporary();
    const zipped = gzipSync(everything);
    const diffId = `sha256:${createHash('sha256').update(everything).digest('hex')}` as const;
    const result = await unpack(Readable.from([zipped]), 'gzip', root, {
      files,
      whiteouts: 'remove',
      expectDiffId: diffId,
    });
    assert.deepEqual(result, { size: everything.byteLength, diffId });

    const look = (name: string): Stats => lstatSync(join(root, name));
    assert.equal(look('bin').mode & 0o7777, 0o1777);
    assert.equal(look('bin').mtimeMs, 1_500_000_000_000);
    const su = look('bin/su');
    assert.deepEqual([su.mode & 0o7777, su.uid, su.gid, su.mtimeMs], [0o4755, 7, 8, 1_400_000_000_000]);
    assert.equal(look('bin/sudo').ino, su.ino);
    const sh = look('bin/sh');
    assert.deepEqual([sh.uid, sh.gid, sh.mtimeMs], [3, 4, 1_300_000_000_000]);
    assert.equal(readlinkSync(join(root, 'bin/sh')), '/bin/su');
    assert.deepEqual([look('dev/null').isCharacterDevice(), look('dev/null').rdev], [true, 0x103]);
    assert.deepEqual([look('dev/sda').isBlockDevice(), look('dev/sda').rdev], [true, 0xf008a0]);
    assert.ok(look('run/fifo').isFIFO());
    assert.equal(lstatSync(join(root, 'exact'), { bigint: true }).mtimeNs, 1234567890123456789n);
    assert.equal(look('exact').uid, 3_000_000);
    assert.equal(readFileSync(join(root, 'bin/su'), 'utf8'), 'set-id');
    assert.deepEqual(
      [...files.attributes(Buffer.from(join(root, 'noted')))],
      [['user.note', Buffer.from([0, 255, 10, 61])]],
    );
    assert.ok(files.attributes(Buffer.from(join(root, 'capable'))).has('security.capability'));
  });

  it('removes what whiteouts name of lower layers, wherever in the layer they stand', async () => {
    const root = temporary();
    await apply(tarOf({ name: 'a/one' }, { name: 'a/two' }, { name: 'b/c/three' }, { name: 'd/four' }), root);
    await apply(
      tarOf(
        { name: 'a/new' },
        { name: 'a/.wh..wh..opq' },
        { name: 'b/.wh.c' },
        { name: 'b/c/five' },
        { name: 'd/.wh.four' },
        { name: 'd/four', body: 'again' },
        { name: 'd/.wh.four' },
      ),
      root,
    );
    const names = readdirSync(root, { recursive: true }).sort();
    assert.deepEqual(names, ['a', 'a/new', 'b', 'b/c', 'b/c/five', 'd', 'd/four']);
  });

  it('leaves the time of a lower directory in which it only changes something', async () => {
    const root = temporary();
    await apply(
      tarOf({ name: 'a/', type: '5', pax: { mtime: '1000000000.000000007' } }, { name: 'a/one' }),
      root,
    );
    await apply(tarOf({ name: 'a/.wh.one' }, { name: 'a/two' }), root);
    assert.equal(lstatSync(join(root, 'a'), { bigint: true }).mtimeNs, 1_000_000_000_000_000_007n);
  });

  it('notes whiteouts as overlay does where the layer is unpacked for itself', async () => {
    const root = temporary();
    await apply(tarOf({ name: 'a/.wh.gone' }, { name: 'b/.wh..wh..opq' }), root, { whiteouts: 'overlay' });
    const gone = lstatSync(join(root, 'a/gone'));
    assert.deepEqual([gone.isCharacterDevice(), gone.rdev], [true, 0]);
    assert.deepEqual(
      [...files.attributes(Buffer.from(join(root, 'b')))],
      [['trusted.overlay.opaque', Buffer.from('y')]],
    );
  });

  it('refuses a layer with another digest, a truncated one, and one that is no gzip', async () => {
    const wrong = `sha256:${'0'.repeat(64)}` as const;
    await assert.rejects(apply(everything, temporary(), { expectDiffId: wrong }), { kind: 'corrupt' });
    await assert.rejects(apply(everything.subarray(0, 2000), temporary()), { kind: 'corrupt' });
    const unzip = (bytes: Buffer): Promise<unknown> =>
      unpack(Readable.from([bytes]), 'gzip', temporary(), { files, whiteouts: 'remove' });
    await assert.rejects(unzip(gzipSync(everything).subarray(0, -20)), { kind: 'corrupt' });
    await assert.rejects(unzip(everything), { kind: 'corrupt' });
  });

  it('puts what is below a symbolic link of the image where the link leads within the root', async () => {
    const root = temporary();
    mkdirSync(join(root, 'usr/lib'), { recursive: true });
    await apply(tarOf({ name: 'lib', type: '2', link: '/usr/lib' }, { name: 'lib/x', body: 'x' }), root);
    assert.equal(readFileSync(join(root, 'usr/lib/x'), 'utf8'), 'x');
  });
});

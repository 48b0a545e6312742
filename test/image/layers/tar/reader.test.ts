import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { usualLimits } from '../../../../src/image/layers/limits.js';
import type { Entry } from '../../../../src/image/layers/tar/entry.js';
import { TarReader } from '../../../../src/image/layers/tar/reader.js';
import { apply, temporary } from '../sandbox.js';
import { madeEntry, paxEntry, tarOf } from '../tar-builder.js';

interface Read {
  readonly entry: Entry;
  content: Buffer;
}

/** Reads a tar in pieces of so many bytes. */
function read(tar: Buffer, piece = tar.byteLength): Read[] {
  const reader = new TarReader(usualLimits);
  const found: Read[] = [];
  for (let at = 0; at < tar.byteLength; at += piece) {
    reader.feed(tar.subarray(at, at + piece));
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event.kind === 'entry') found.push({ entry: event.entry, content: Buffer.alloc(event.entry.size) });
      else if (event.kind === 'data') event.data.copy(found.at(-1)?.content ?? assert.fail(), event.position);
    }
  }
  reader.finish();
  return found;
}

const only = (tar: Buffer): Entry => read(tar)[0]?.entry ?? assert.fail('no entry');

const mixed = tarOf(
  { name: 'd/', type: '5' },
  {
    name: 'f',
    body: 'x'.repeat(1000),
    pax: { 'SCHILY.xattr.user.a': Buffer.from([255, 0, 10]), mtime: '1.5' },
  },
  { name: 'L', type: 'L', body: `${'n'.repeat(700)}\0`, gnu: true },
  { name: 'cut', body: 'y'.repeat(512), gnu: true },
  { name: 'empty' },
  { name: 's', pax: { 'GNU.sparse.map': '2,3,9,1', 'GNU.sparse.size': '12' }, body: 'abcd' },
  { name: 'l', type: '2', link: 'f' },
);

describe('a tar', () => {
  it('reads the same in pieces of any size', () => {
    const whole = read(mixed);
    assert.deepEqual(
      whole.map(({ entry }) => entry.name.length),
      [2, 1, 700, 5, 1, 1],
    );
    assert.equal(whole[4]?.content.toString('latin1'), '\0\0abc\0\0\0\0d\0\0');
    for (const piece of [1, 7, 511, 512, 513, 1500]) assert.deepEqual(read(mixed, piece), whole, `${piece}`);
  });

  it('keeps attributes as bytes, of libarchive’s writing too', () => {
    const { attributes } = only(
      tarOf({
        name: 'x',
        pax: {
          'SCHILY.xattr.user.a': Buffer.from([255, 0, 61]),
          'LIBARCHIVE.xattr.user.b%3Dc': '/wA9',
          'LIBARCHIVE.xattr.user.a': 'AAAA',
        },
      }),
    );
    assert.deepEqual(
      [...attributes],
      [
        ['user.a', Buffer.from([255, 0, 61])],
        ['user.b=c', Buffer.from([255, 0, 61])],
      ],
    );
  });

  it('says what extended headers say, and skips global ones as other programs for images do', () => {
    const pax = {
      uid: '5000000',
      gid: '6000000',
      mtime: '-1.25',
      'SCHILY.fflags': 'schg,nodump',
      path: 'other',
      size: '',
    };
    const entry = only(tarOf(paxEntry({ path: 'global', uid: '1' }, 'g'), { name: 'x', pax }));
    const { name, uid, gid, mtime, flags } = entry;
    assert.deepEqual([name, uid, gid, flags], ['other', 5_000_000, 6_000_000, 'schg,nodump']);
    assert.deepEqual(mtime, { seconds: -2, nanoseconds: 750_000_000 });
  });

  it('has numbers in base 256, a prefix of the name, and no prefix where GNU tar keeps times', () => {
    const binary = tarOf({
      name: 'x',
      patch: [
        [108, '\x80\0\0\0\0\x7a\x12\0'],
        [136, '\xff'.repeat(11) + '\xfe'],
        [345, 'up/above'],
      ],
    });
    const entry = only(binary);
    assert.deepEqual([entry.name, entry.uid, entry.mtime.seconds], ['up/above/x', 8_000_000, -2]);
    assert.equal(only(tarOf({ name: 'x', gnu: true, patch: [[345, '14000000000']] })).name, 'x');
  });

  it('takes a directory of before ustar, a contiguous file, and a body of what has none as Go does', () => {
    assert.equal(only(tarOf({ name: 'old/', type: '\0' })).type, 'directory');
    assert.deepEqual(read(tarOf({ name: 'x', type: '7', body: 'data' }))[0]?.content, Buffer.from('data'));
    const next = Buffer.concat([
      madeEntry({ name: 'l', type: '1', link: 'x', size: 512 }),
      madeEntry({ name: 'hidden' }),
    ]);
    assert.deepEqual(
      read(Buffer.concat([next, Buffer.alloc(1024)])).map(({ entry }) => entry.name),
      ['l', 'hidden'],
    );
  });

  for (const [what, options] of [
    ['GNU tar’s first format', ['--format=gnu']],
    ['format 0.0', ['--format=pax', '--sparse-version=0.0']],
    ['format 0.1', ['--format=pax', '--sparse-version=0.1']],
    ['format 1.0', ['--format=pax', '--sparse-version=1.0']],
  ] as const) {
    it(`reads sparse files of ${what}, and leaves their holes`, async () => {
      const folder = temporary();
      const file = join(folder, 'sparse');
      const fd = openSync(file, 'w');
      // More parts than one header and one block after it have room for.
      for (let part = 0; part < 40; part++)
        writeSync(fd, Buffer.alloc(4096, 65 + (part % 26)), 0, 4096, part * 1_048_576);
      closeSync(fd);
      truncateSync(file, 50 * 1_048_576 + 3);
      const tar = execFileSync('tar', ['-C', folder, '--sparse', ...options, '-cf', '-', 'sparse'], {
        maxBuffer: 64 * 1_048_576,
      });
      assert.ok(tar.byteLength < 1_048_576, 'tar has not written it sparse');
      const root = temporary();
      await apply(tar, root);
      assert.ok(readFileSync(join(root, 'sparse')).equals(readFileSync(file)));
      assert.ok(statSync(join(root, 'sparse')).blocks * 512 < 1_048_576);
    });
  }
});

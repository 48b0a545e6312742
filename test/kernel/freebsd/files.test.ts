import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freebsd14Amd64 as bindings } from '../../../src/kernel/bindings/freebsd14-amd64.js';
import { freebsdFiles } from '../../../src/kernel/freebsd/files.js';
import type { Answer, Batch, CallResult } from '../../../src/kernel/kernel.js';

const { constants, errors, layouts } = bindings;
const atCwd = constants.AT_FDCWD;
const noFollow = constants.AT_SYMLINK_NOFOLLOW;
const path = Buffer.from('/data/\xe9', 'latin1');

/** A kernel that notes calls, with texts and numbers in place of addresses, and answers what the test says. */
function noting(answers: Readonly<Record<string, (write: (bytes: Buffer) => number) => number>> = {}) {
  const noted: (readonly unknown[])[] = [];
  const runSync = ({ arena, calls }: Batch): Answer => {
    const bytes = Buffer.from(arena);
    const results: CallResult[] = [];
    for (const { symbol, args, mayFail } of calls) {
      const offsets = args.map((each) => (typeof each === 'object' && 'arena' in each ? each.arena : -1));
      const shown = args.map((each, index) => {
        const at = offsets[index] ?? -1;
        return at < 0 ? each : bytes.toString('latin1', at, bytes.indexOf(0, at));
      });
      noted.push([symbol, ...shown]);
      const write = (data: Buffer): number => {
        const at = offsets.findLast((offset) => offset >= 0) ?? 0;
        const capacity = symbol === 'fstatat' ? data.byteLength : Number(args.at(-1));
        return data.copy(bytes, at, 0, capacity);
      };
      const value = answers[symbol]?.(write) ?? 0;
      results.push(value < 0 ? { value: -1n, errno: -value } : { value: BigInt(value), errno: 0 });
      if (value < 0 && mayFail !== true) break;
    }
    return { arena: bytes, results };
  };
  const kernel = {
    platform: 'freebsd' as const,
    run: (batch: Batch) => Promise.resolve(runSync(batch)),
    runSync,
    close: () => undefined,
  };
  return { noted, files: freebsdFiles({ kernel, bindings }) };
}

describe('files of FreeBSD', () => {
  it('makes devices by FreeBSD’s numbers, and reads them back', () => {
    const { noted, files } = noting();
    files.makeDevice(path, 'character', 0x1_02, 0x3_04_05);
    const [call] = noted;
    assert.deepEqual(call?.slice(0, 4), ['mknodat', atCwd, path.toString('latin1'), constants.S_IFCHR]);
    const device = call[4] as bigint;
    // makedev(0x102, 0x30405): major 0x100 above bit 32, 0x02 above 8; minor 0x0400 above bit 24, 0x30005 below.
    assert.equal(device, (0x100n << 32n) | (0x02n << 8n) | (0x0400n << 24n) | 0x30005n);
    assert.deepEqual(files.deviceOf(device), { major: 0x102, minor: 0x30405 });
  });

  it('never follows a link at the end of a path', () => {
    const { noted, files } = noting();
    files.link(path, Buffer.from('/data/to'));
    files.setTime(path, { seconds: -1, nanoseconds: 5 });
    files.setFlags(path, 'schg,nodump,sunlink,unheard-of');
    files.makeFifo(path);
    const name = path.toString('latin1');
    assert.deepEqual(noted[0], ['linkat', atCwd, name, atCwd, '/data/to', 0]);
    assert.deepEqual([noted[1]?.[0], noted[1]?.[4]], ['utimensat', noFollow]);
    const flags = constants.SF_IMMUTABLE | constants.UF_NODUMP | constants.SF_NOUNLINK;
    assert.deepEqual(noted[2], ['chflagsat', atCwd, name, flags, noFollow]);
    assert.deepEqual(noted[3], ['mkfifoat', atCwd, name, 0]);
  });

  it('tells flags by chflags’ words', () => {
    const stat = Buffer.alloc(layouts.stat.size);
    const flags = constants.SF_IMMUTABLE | constants.UF_ARCHIVE | constants.UF_HIDDEN;
    stat.writeUInt32LE(flags, layouts.stat.fields.st_flags.offset);
    const { noted, files } = noting({ fstatat: (write) => (write(stat), 0) });
    assert.equal(files.flags(path), 'schg,uarch,hidden');
    assert.equal(noted[0]?.[4], noFollow);
  });

  it('keeps what Linux calls user.x and system.x, and has no place for the rest', () => {
    const { noted, files } = noting();
    assert.equal(files.setAttribute(path, 'user.x', Buffer.from('v')), true);
    assert.equal(files.setAttribute(path, 'system.y', Buffer.from('w')), true);
    assert.equal(files.setAttribute(path, 'security.capability', Buffer.from('w')), false);
    files.removeAttribute(path, 'user.x');
    const name = path.toString('latin1');
    assert.deepEqual(
      noted.map((call) => call.slice(0, 4)),
      [
        ['extattr_set_link', name, constants.EXTATTR_NAMESPACE_USER, 'x'],
        ['extattr_set_link', name, constants.EXTATTR_NAMESPACE_SYSTEM, 'y'],
        ['extattr_delete_link', name, constants.EXTATTR_NAMESPACE_USER, 'x'],
      ],
    );
    const refusing = noting({ extattr_set_link: () => -errors.EOPNOTSUPP });
    assert.equal(refusing.files.setAttribute(path, 'user.x', Buffer.from('v')), false);
    const failing = noting({ extattr_set_link: () => -errors.ENOSPC });
    assert.throws(() => failing.files.setAttribute(path, 'user.x', Buffer.from('v')), { code: 'ENOSPC' });
  });

  it('reads all attributes, whatever their length', () => {
    const long = Buffer.alloc(10_000, 7);
    let lists = 0;
    const { files } = noting({
      extattr_list_link: (write) =>
        lists++ === 0 ? write(Buffer.from('\x01a\x03b\xe9c', 'latin1')) : -errors.EPERM,
      extattr_get_link: (write) => write(long),
    });
    assert.deepEqual(
      [...files.attributes(path)],
      [
        ['user.a', long],
        ['user.b\xe9c', long],
      ],
    );
    assert.deepEqual(
      noting({ extattr_list_link: () => -errors.EOPNOTSUPP }).files.attributes(path),
      new Map(),
    );
  });
});

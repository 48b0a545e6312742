import { isKernelError } from '../../src/kernel/error.js';
import { noLimit, readLimit, type LimitName } from '../../src/kernel/freebsd/limit.js';
import { listMounts } from '../../src/kernel/freebsd/mounts.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { readTerminalSize } from '../../src/kernel/freebsd/terminal.js';
import type { Bindings } from '../../src/kernel/bindings/types.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { hostNamesOf, vnetOf } from './jail.js';
import type { Process } from './process.js';

/** Whose sight it is. */
export interface Sight {
  readonly process: Process;
  readonly kernel: Kernel;
  readonly bindings: Bindings;
}

const limits = ['cpu', 'fsize', 'data', 'stack', 'core', 'memlock', 'nproc', 'nofile'] as const;

/** What a process of native/inmate.c says for each word about what it was given and sees: lines. */
export const sights: Readonly<
  Record<string, (sight: Sight) => readonly string[] | Promise<readonly string[]>>
> = {
  args: ({ process }) => (process.executed?.argv ?? []).map((each) => `arg ${each}`),
  env: ({ process }) => (process.executed?.environment ?? []).map((each) => `env ${each}`),
  cwd: async (sight) => [`cwd ${await directory(sight)}`],
  ids: async (sight) => {
    const [uid, gid] = [await plain(sight, 'getuid'), await plain(sight, 'getgid')];
    const groups = (await groupsOf(sight)).map((each) => ` ${each}`).join('');
    return [`uid ${uid} ${uid}`, `gid ${gid} ${gid}`, `groups${groups}`];
  },
  limits: async (sight) => {
    const found = await run(sight, (b) =>
      limits.map((name) => readLimit(b, `RLIMIT_${name.toUpperCase()}` as LimitName)),
    );
    const said = (limit: bigint): string => (limit >= noLimit ? 'unlimited' : String(limit));
    return found.map(({ soft, hard }, index) => `limit ${limits[index]} ${said(soft)} ${said(hard)}`);
  },
  host: ({ process: { jail } }) => {
    const { hostname, domainname } = hostNamesOf(jail);
    return [`host ${hostname}`, `domain ${domainname}`, `release ${jail.osrelease}`];
  },
  mounts: async (sight) => {
    const readOnly = BigInt(sight.bindings.constants.MNT_RDONLY);
    return (await listMounts(sight)).map(({ type, from, on, flags }) => {
      return `mount ${type} ${from} ${on} ${(flags & readOnly) === 0n ? 'rw' : 'ro'}`;
    });
  },
  interfaces: ({ process: { jail } }) =>
    vnetOf(jail).interfaces.flatMap(({ name, addresses4 }) => [
      `interface ${name}`,
      ...addresses4.map(({ address }) => `interface ${name} ${address.join('.')}`),
    ]),
  terminal: async (sight) => {
    const size = await run(sight, (b) => b.attempt(() => readTerminalSize(b, 0)));
    return [isKernelError(size) ? `terminal errno ${size.errno}` : `terminal ${size.columns} ${size.rows}`];
  },
};

async function plain(sight: Sight, symbol: 'getuid' | 'getgid'): Promise<number> {
  return run(sight, (b) => {
    const value = b.call(symbol, [], { object: 'ids' });
    return { value, decode: ({ valueOf }) => valueOf(value) };
  });
}

async function groupsOf(sight: Sight): Promise<number[]> {
  const most = 1024;
  return run(sight, (b) => {
    const at = b.arena.reserve(most * 4);
    const value = b.call('getgroups', [most, { arena: at }], { object: 'groups' });
    return {
      value,
      decode: ({ arena, valueOf }) => {
        const view = new DataView(arena.buffer, arena.byteOffset);
        return Array.from({ length: valueOf(value) }, (_, index) => view.getUint32(at + index * 4, true));
      },
    };
  });
}

async function directory(sight: Sight): Promise<string> {
  const length = sight.bindings.constants.MAXPATHLEN;
  return run(sight, (b) => {
    const at = b.arena.reserve(length);
    const value = b.call('__getcwd', [{ arena: at }, length], { object: 'working directory' });
    return {
      value,
      decode: ({ arena }) => Buffer.from(arena.subarray(at, arena.indexOf(0, at))).toString('utf8'),
    };
  });
}

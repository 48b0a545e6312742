import assert from 'node:assert/strict';
import { groupMembers } from '../../../src/kernel/freebsd/interface-group.js';
import { createInterface, lendInterface } from '../../../src/kernel/freebsd/interface.js';
import { attachJail } from '../../../src/kernel/freebsd/jail.js';
import { run, type FreeBSD } from '../../../src/kernel/freebsd/run.js';
import type { StructInput } from '../../../src/kernel/layout.js';
import type { Bindings } from '../../../src/kernel/bindings/types.js';
import type { Case } from './case.js';
import { call, type Outcome } from './raw.js';

/** Makes an interface that is destroyed at the end, unless it is gone by then. */
export async function made(c: Case, asked: string, system = c.system): Promise<string> {
  const name = await run(system, (b) => createInterface(b, asked));
  destroyLater(c, name, system);
  return name;
}

export function destroyLater(c: Case, name: string, system = c.system): void {
  c.defer(async () => {
    const error = await errorOf(system, 'SIOCIFDESTROY', name);
    assert.ok(['', 'ENXIO'].includes(error), `destroy ${name}: ${error}`);
  });
}

/** Makes an epair; the names of its halves. */
export async function epair(c: Case): Promise<readonly [a: string, b: string]> {
  const a = await made(c, 'epair');
  assert.match(a, /^epair\d+a$/);
  return [a, `${a.slice(0, -1)}b`];
}

/** A jail with a network stack of its own. */
export function vnetJail(c: Case): Promise<number> {
  return c.jail({ vnet: 'new' });
}

/** The system as root in a jail sees it. */
export interface Inside extends FreeBSD {
  /** Ends the process that is in the jail, and collects it: a zombie would hold the jail. */
  leave(): Promise<void>;
}

/** A process of root in a jail, which ends with the case. */
export async function inside(c: Case, jid: number): Promise<Inside> {
  const kernel = await c.child();
  const leave = async (): Promise<void> => {
    kernel.close();
    await c.collect(kernel.pid);
  };
  const system = { kernel, bindings: c.system.bindings, leave };
  await run(system, (b) => attachJail(b, jid));
  return system;
}

/** A jail's network stack with half of an epair in it, and root in the jail. */
export interface Stack {
  readonly jid: number;
  readonly system: Inside;
  /** The half in the jail, and the one on the host. */
  readonly name: string;
  readonly other: string;
}

/** Makes a jail with a network stack of its own, where nothing that is done to addresses and routes touches the host. */
export async function stack(c: Case): Promise<Stack> {
  const [other, name] = await epair(c);
  const jid = await vnetJail(c);
  await c.run((b) => lendInterface(b, name, jid));
  return { jid, system: await inside(c, jid), name, other };
}

/** The names of all interfaces of a network stack. */
export function interfaces(system: FreeBSD): Promise<string[]> {
  return run(system, (b) => groupMembers(b, 'all'));
}

type IfreqInput = StructInput<Bindings['layouts']['ifreq']>;

/** A request with a struct ifreq as it is; answers what it was afterwards too. */
export async function ifreq(
  system: FreeBSD,
  request: keyof Bindings['constants'],
  name: string | Uint8Array,
  input: Omit<IfreqInput, 'ifr_name'> = {},
  family: 'AF_LOCAL' | 'AF_INET' | 'AF_INET6' = 'AF_LOCAL',
): Promise<{ readonly error: string; readonly name: string; readonly value: Uint8Array }> {
  const { constants, layouts } = system.bindings;
  let at = 0;
  const outcome = await control(system, request, family, (arena) => {
    at = arena.struct(layouts.ifreq, input);
    arena.write(at, typeof name === 'string' ? Buffer.from(name) : name);
    return at;
  });
  const bytes = outcome.arena.slice(at, at + layouts.ifreq.size);
  const end = bytes.subarray(0, constants.IFNAMSIZ).indexOf(0);
  return {
    value: bytes.subarray(16),
    error: outcome.error,
    name: Buffer.from(bytes.subarray(0, end < 0 ? constants.IFNAMSIZ : end)).toString(),
  };
}

/** An ioctl through a socket of its own. */
export async function control(
  system: FreeBSD,
  request: keyof Bindings['constants'] | number,
  family: 'AF_LOCAL' | 'AF_INET' | 'AF_INET6',
  data: (arena: Parameters<Parameters<typeof call>[2]>[0]) => number,
): Promise<Outcome & { readonly arena: Uint8Array }> {
  const { constants } = system.bindings;
  const { kernel } = system;
  const socket = await call(kernel, 'socket', () => [constants[family], constants.SOCK_DGRAM, 0]);
  assert.equal(socket.error, '', `socket of ${family}`);
  const number = typeof request === 'number' ? request : (constants[request] as number);
  const outcome = await call(kernel, 'ioctl', (arena) => [socket.value, number, { arena: data(arena) }]);
  await call(kernel, 'close', () => [socket.value]);
  return outcome;
}

/** The error of a request with a struct ifreq. */
export async function errorOf(...args: Parameters<typeof ifreq>): Promise<string> {
  return (await ifreq(...args)).error;
}

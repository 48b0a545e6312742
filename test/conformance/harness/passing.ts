import assert from 'node:assert/strict';
import type { Kernel } from '../../../src/kernel/kernel.js';
import { attachJail } from '../../../src/kernel/freebsd/jail.js';
import { run, type FreeBSD } from '../../../src/kernel/freebsd/run.js';
import type { Arena } from '../../../src/kernel/arena.js';
import type { Case } from './case.js';
import type { Process } from './machine.js';
import { call } from './raw.js';

/** A process on the host and a child of it, with a pair of sockets by which they pass descriptors to each other. */
export interface Couple {
  readonly host: FreeBSD;
  readonly child: FreeBSD;
  /** Passes a descriptor of the child's to the host process, and answers its number there. */
  readonly toHost: (descriptor: number) => Promise<number>;
  readonly toChild: (descriptor: number) => Promise<number>;
  /** Ends the child, and collects it. */
  readonly endChild: () => Promise<void>;
}

/** Makes a couple; both end with the case, and the child is in a jail if one is given. */
export async function couple(c: Case, jid?: number): Promise<Couple> {
  const parent = await c.child();
  const { AF_LOCAL, SOCK_DGRAM } = c.constants;
  let at = 0;
  const pair = await call(parent, 'socketpair', (arena) => {
    at = arena.reserve(8);
    return [AF_LOCAL, SOCK_DGRAM, 0, { arena: at }];
  });
  assert.equal(pair.error, '', 'socketpair');
  const view = new DataView(pair.arena.buffer, pair.arena.byteOffset);
  const [near, far] = [view.getInt32(at, true), view.getInt32(at + 4, true)];
  const child = await parent.fork();
  const { bindings } = c.system;
  const host = { kernel: parent, bindings };
  const inside = { kernel: child, bindings };
  let ended = false;
  const endChild = async (): Promise<void> => {
    if (ended) return;
    ended = true;
    child.close();
    await collect(parent, child);
  };
  c.defer(endChild);
  if (jid !== undefined) await run(inside, (b) => attachJail(b, jid));
  return {
    ...{ host, child: inside, endChild },
    toHost: async (descriptor) => {
      await send(inside, far, descriptor);
      return receive(host, near);
    },
    toChild: async (descriptor) => {
      await send(host, near, descriptor);
      return receive(inside, far);
    },
  };
}

async function collect(parent: Kernel, { pid }: Process): Promise<void> {
  const { value, error } = await call(parent, 'wait4', () => [pid, 0, 0, 0]);
  assert.deepEqual([value, error], [pid, ''], 'wait4');
}

// CMSG_DATA and CMSG_SPACE of one descriptor, on processors that align to 8 bytes.
const dataAt = 16;
const controlSize = 24;

function message(
  arena: Arena,
  { bindings }: FreeBSD,
  descriptor: number | undefined,
): [at: number, control: number] {
  const { constants: c, layouts } = bindings;
  const data = arena.bytes(Uint8Array.of(1));
  const iov = arena.iovecs([{ offset: data, length: 1 }]);
  const control = arena.reserve(controlSize);
  if (descriptor !== undefined) {
    arena.writeStruct(control, layouts.cmsghdr, {
      cmsg_len: dataAt + 4,
      cmsg_level: c.SOL_SOCKET,
      cmsg_type: c.SCM_RIGHTS,
    });
    const number = new Uint8Array(4);
    new DataView(number.buffer).setInt32(0, descriptor, true);
    arena.write(control + dataAt, number);
  }
  const at = arena.struct(layouts.msghdr, {
    ...{ msg_iov: iov, msg_iovlen: 1, msg_control: control, msg_controllen: controlSize },
  });
  return [at, control];
}

async function send(from: FreeBSD, socket: number, descriptor: number): Promise<void> {
  const { error } = await call(from.kernel, 'sendmsg', (arena) => {
    return [socket, { arena: message(arena, from, descriptor)[0] }, 0];
  });
  assert.equal(error, '', 'sendmsg');
}

async function receive(to: FreeBSD, socket: number): Promise<number> {
  let control = 0;
  const { error, arena } = await call(to.kernel, 'recvmsg', (a) => {
    const [at, controlAt] = message(a, to, undefined);
    control = controlAt;
    return [socket, { arena: at }, 0];
  });
  assert.equal(error, '', 'recvmsg');
  return new DataView(arena.buffer, arena.byteOffset).getInt32(control + dataAt, true);
}

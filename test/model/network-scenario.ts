import assert from 'node:assert/strict';
import { isKernelError } from '../../src/kernel/error.js';
import { addIPv4Address, addIPv6Address } from '../../src/kernel/freebsd/address.js';
import { addBridgeMember } from '../../src/kernel/freebsd/bridge.js';
import {
  createInterface,
  destroyInterface,
  lendInterface,
  renameInterface,
  setInterfaceDescription,
  setInterfaceFlags,
  setInterfaceMtu,
} from '../../src/kernel/freebsd/interface.js';
import { attachJail, getJail, removeJail, setJail } from '../../src/kernel/freebsd/jail.js';
import { addRoute } from '../../src/kernel/freebsd/route.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { ModelKernel } from './kernel.js';
import type { Model } from './model.js';

/** What a network that is being made consists of, in the order in which it is to be undone: last first. */
export interface Made {
  readonly undo: (() => Promise<void>)[];
}

const up = 1;

/** Does nothing if what it is about is gone already. */
async function unlessGone(code: string, doing: Promise<unknown>): Promise<void> {
  await doing.catch((error: unknown) => {
    if (!isKernelError(error, code)) throw error;
  });
}

/** Makes a bridge with an address, whose undoing is noted. */
export async function makeBridge({ freebsd }: Model, { undo }: Made, network: number): Promise<string> {
  // A step of its own: were it followed by one that fails, nobody would know the name.
  const bridge = await run(freebsd, (b) => createInterface(b, 'bridge'));
  undo.push(() =>
    unlessGone(
      'ENXIO',
      run(freebsd, (b) => destroyInterface(b, bridge)),
    ),
  );
  await run(freebsd, (b) => [
    addIPv4Address(b, bridge, { address: `10.85.${network}.1`, prefix: 24 }),
    addIPv6Address(b, bridge, { address: `fd85:${network}::1`, prefix: 64 }),
    setInterfaceFlags(b, bridge, up),
  ]);
  return bridge;
}

/** Makes a jail with a network stack, an interface in it that is on a bridge, addresses and default routes. */
export async function makeJail(
  model: Model,
  { undo }: Made,
  { bridge, name, network, host }: { bridge: string; name: string; network: number; host: number },
): Promise<void> {
  const { freebsd } = model;
  const jid = await run(freebsd, (b) => {
    return setJail(b, { name, persist: true, vnet: 'new' }, { operation: 'create' });
  });
  undo.push(async () => {
    await unlessGone(
      'EINVAL',
      run(freebsd, (b) => removeJail(b, jid)),
    );
    await gone(model, jid);
  });
  const a = await run(freebsd, (b) => createInterface(b, 'epair'));
  const half = a.replace(/a$/, 'b');
  undo.push(() =>
    unlessGone(
      'ENXIO',
      run(freebsd, (b) => destroyInterface(b, a)),
    ),
  );
  await run(freebsd, (b) => [
    setInterfaceDescription(b, a, `for ${name}`),
    setInterfaceMtu(b, a, 1500),
    setInterfaceMtu(b, half, 1500),
    addBridgeMember(b, bridge, a),
    setInterfaceFlags(b, a, up),
    lendInterface(b, half, jid),
  ]);
  await within(model, undo, jid, async (kernel) => {
    await run({ kernel, bindings: freebsd.bindings }, (b) => [
      addIPv4Address(b, 'lo0', { address: '127.0.0.1', prefix: 8 }),
      renameInterface(b, half, 'eth0'),
      addIPv4Address(b, 'eth0', { address: `10.85.${network}.${host}`, prefix: 24 }),
      addIPv6Address(b, 'eth0', { address: `fd85:${network}::${host}`, prefix: 64 }),
      addRoute(b, { family: 'IPv4', gateway: `10.85.${network}.1` }),
      addRoute(b, { family: 'IPv6', gateway: `fd85:${network}::1` }),
    ]);
  });
}

/** Has something done by a process in a jail, which then ends. */
async function within(
  model: Model,
  undo: (() => Promise<void>)[],
  jid: number,
  body: (kernel: ModelKernel) => Promise<void>,
): Promise<void> {
  const child = await model.kernel.fork();
  const end = async (): Promise<void> => {
    child.close();
    await unlessGone(
      'ECHILD',
      run(model.freebsd, (b) => {
        const value = b.call('wait4', [child.pid, 0, 0, 0], { object: `process ${child.pid}` });
        return { value, decode: () => undefined };
      }),
    );
  };
  undo.push(end);
  await run({ kernel: child, bindings: model.freebsd.bindings }, (b) => attachJail(b, jid));
  await body(child);
  await end();
}

/** Waits until a jail is gone, not only dying. */
async function gone({ freebsd }: Model, jid: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const found = await run(freebsd, (b) => b.attempt(() => getJail(b, { jid }, [], { dying: true })));
    if (isKernelError(found, 'ENOENT')) return;
    if (isKernelError(found)) throw found;
  }
  assert.fail(`jail ${jid} does not go`);
}

/**
 * Undoes what was made, last first, going on after failures. What could not be undone stays in the list.
 *
 * @returns the first failure, or undefined
 */
export async function undoAll({ undo }: Made): Promise<unknown> {
  let failure: unknown;
  for (const each of undo.splice(0).reverse()) {
    await each().catch((error: unknown) => {
      failure ??= error;
      undo.unshift(each);
    });
  }
  return failure;
}

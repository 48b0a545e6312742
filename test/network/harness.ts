import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isKernelError } from '../../src/kernel/error.js';
import { addIPv4Address } from '../../src/kernel/freebsd/address.js';
import { attachJail, getJail, removeJail, setJail } from '../../src/kernel/freebsd/jail.js';
import { addRoute } from '../../src/kernel/freebsd/route.js';
import { openPacketFilter, startPacketFilter } from '../../src/kernel/freebsd/pf-device.js';
import type { Exclusively } from '../../src/kernel/freebsd/pf-load.js';
import { run, type FreeBSD } from '../../src/kernel/freebsd/run.js';
import type { Release } from '../../src/kernel/bindings/types.js';
import { connect, type Connection, type ConnectRequest } from '../../src/network/connect.js';
import { disconnect, type Made } from '../../src/network/disconnect.js';
import { NetworkFilter } from '../../src/network/filter.js';
import { turnOnForwarding } from '../../src/network/forwarding.js';
import type { Ledger, NetworkHost } from '../../src/network/host.js';
import { Preparation } from '../../src/network/preparation.js';
import { readNetworks } from '../../src/network/settings.js';
import { hostsFiles } from '../../src/network/hosts-file.js';
import { leaseStore } from '../../src/store/leases.js';
import { macStore } from '../../src/store/macs.js';
import { nameStore } from '../../src/store/names.js';
import { openNetworkStore } from '../../src/store/network-database.js';
import { portStore } from '../../src/store/ports.js';
import { callAnchor } from '../model/pf-main.js';
import type { SystemOptions } from '../model/system.js';
import { openModel, type Model } from '../model/model.js';

/** A host with networks on a simulated kernel; its outside interface has 192.0.2.10. */
export interface TestHost extends NetworkHost {
  readonly model: Model;
  readonly warnings: string[];
  /** What is left of containers: networks themselves stay. */
  remains(): string[];
  close(): void;
}

/** Bridge and anchors that all containers of a network share. */
const ofNetworks = /jail-default|anchor containerd-shim-jail(\/network-default)?$/;

export async function openHost(
  release: Release = 14,
  networks?: object,
  options: Omit<SystemOptions, 'release'> = {},
): Promise<TestHost> {
  const model = openModel(release, options);
  const { freebsd: system } = model;
  await run(system, (b) => [
    addIPv4Address(b, 'vtnet0', { address: '192.0.2.10', prefix: 24 }),
    addRoute(b, { family: 'IPv4', gateway: '192.0.2.1' }),
  ]);
  const before = new Set(model.remains());
  const folder = mkdtempSync(join(tmpdir(), 'network-'));
  const store = openNetworkStore(':memory:');
  const warnings: string[] = [];
  return {
    model,
    warnings,
    system,
    exclusively: oneAtATime(),
    filter: new NetworkFilter(system, (message) => warnings.push(message)),
    preparation: new Preparation(system, (message) => warnings.push(message)),
    leases: leaseStore(store),
    macs: macStore(store),
    ports: portStore(store),
    hosts: hostsFiles(nameStore(store), folder),
    folder,
    hostId: 'test-host',
    networks: readNetworks(networks),
    within: (jid, body) => within(model, jid, body),
    remains: () => model.remains().filter((what) => !before.has(what) && !ofNetworks.test(what)),
    close: () => {
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Turns within this program. */
function oneAtATime(): Exclusively {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const turn = last.then(task);
    last = turn.catch(() => undefined);
    return turn;
  };
}

/** What a container's ledger holds. */
export class TestLedger implements Ledger {
  readonly entries: Made[] = [];
  #next = 1;

  making(kind: string, detail: unknown): number {
    const seq = this.#next++;
    this.entries.push({ seq, kind, detail: JSON.parse(JSON.stringify(detail)) as unknown });
    return seq;
  }

  unmade(seq: number): void {
    this.entries.splice(
      this.entries.findIndex((entry) => entry.seq === seq),
      1,
    );
  }
}

/** Has something done by a process in a jail, which then ends. */
async function within<T>(model: Model, jid: number, body: (system: FreeBSD) => Promise<T>): Promise<T> {
  const child = await model.kernel.fork();
  const { bindings } = model.freebsd;
  try {
    await run({ kernel: child, bindings }, (b) => attachJail(b, jid));
    return await body({ kernel: child, bindings });
  } finally {
    child.close();
    // Waiting for it is no part of what is tested: should that be the call that fails, it is made again.
    await collect(model, child.pid).catch(() => collect(model, child.pid));
  }
}

async function collect({ freebsd }: Model, pid: number): Promise<void> {
  await run(freebsd, (b) => {
    const value = b.call('wait4', [pid, 0, 0, 0], { object: `process ${pid}` });
    return { value, decode: () => undefined };
  });
}

/** A jail with a network stack of its own, and nothing in it. */
export async function makeJail({ system }: NetworkHost, name: string): Promise<number> {
  return await run(system, (b) => setJail(b, { name, persist: true, vnet: 'new' }, { operation: 'create' }));
}

/** Removes a jail and waits until it is gone. */
export async function endJail({ system }: NetworkHost, jid: number): Promise<void> {
  await run(system, (b) => removeJail(b, jid));
  for (let tries = 0; tries < 100; tries++) {
    const found = await run(system, (b) => b.attempt(() => getJail(b, { jid }, [], { dying: true })));
    if (isKernelError(found, 'ENOENT')) return;
  }
  throw new Error(`jail ${jid} does not go`);
}

/** Takes a container off its networks, as often as it takes. */
export async function leave(host: NetworkHost, id: string, ledger: TestLedger): Promise<void> {
  await disconnect(host, { namespace: 'default', id }, ledger, [...ledger.entries]);
}

/** A container on a host: its jail, what it got, and what is known of it. */
export interface Container {
  readonly id: string;
  readonly jid: number;
  readonly ledger: TestLedger;
  readonly connection: Connection;
}

export async function start(
  host: TestHost,
  id: string,
  more: Partial<ConnectRequest> = {},
): Promise<Container> {
  const jid = await makeJail(host, id);
  const ledger = new TestLedger();
  const connection = await connect(host, ledger, request(id, jid, more));
  return { id, jid, ledger, connection };
}

export function request(id: string, jid: number, more: Partial<ConnectRequest> = {}): ConnectRequest {
  return {
    namespace: 'default',
    id,
    jid,
    network: 'default',
    interface: 'eth0',
    addresses: [],
    ports: [],
    names: [id],
    ...more,
  };
}

export async function stop(host: TestHost, { id, jid, ledger }: Container): Promise<void> {
  await leave(host, id, ledger);
  await endJail(host, jid);
}

/** A host whose administrator did what the documentation asks for. */
export async function readyHost(release: Release = 14, networks?: object): Promise<TestHost> {
  const host = await openHost(release, networks);
  await run(host.system, (b) => startPacketFilter(b, openPacketFilter(b)));
  await turnOnForwarding(host.system, ['inet', 'inet6']);
  callAnchor(host.model.system, 'containerd-shim-jail/*');
  return host;
}

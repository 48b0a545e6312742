import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parameterProbe } from '../../../src/jail/jail/parameter-probe.js';
import { jailRuntime } from '../../../src/jail/runtime.js';
import Database from 'better-sqlite3';
import type { ChildMaker } from '../../../src/kernel/child.js';
import { errnoNumber } from '../../../src/kernel/errno.js';
import { KernelError } from '../../../src/kernel/error.js';
import type { FreeBSD } from '../../../src/kernel/freebsd/run.js';
import { NetworkFilter } from '../../../src/network/filter.js';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import type { UnaryMethod } from '../../../src/proto/service.js';
import { createLeftOvers, type LeftOvers } from '../../../src/shim/left-over.js';
import { storedRecords } from '../../../src/shim/records.js';
import { containerStore, type ContainerStore } from '../../../src/store/containers.js';
import { openStore, type Store } from '../../../src/store/database.js';
import { taskServices } from '../../../src/task/service.js';
import { createTasks } from '../../../src/task/tasks.js';
import { modelChildren } from '../../model/children.js';
import type { ModelKernel } from '../../model/kernel.js';
import { collectJails } from '../../model/life.js';
import { EventLog } from '../../task/event-log.js';
import type { Json } from '../planning.js';
import { plant } from '../root/tree.js';
import type { RuntimeWorld } from '../runtime-world.js';
import { simulatedStdio } from './stdio.js';

export const namespace = 'default';

/** The bundles of containers, on the disk of this machine and in its simulated one. */
export class Bundles {
  readonly folder = mkdtempSync(join(tmpdir(), 'bundles-'));

  constructor(specs: Readonly<Record<string, Json>>) {
    for (const [id, spec] of Object.entries(specs)) {
      mkdirSync(this.path(id));
      writeFileSync(join(this.path(id), 'config.json'), JSON.stringify(spec));
    }
  }

  path(id: string): string {
    return join(this.folder, id);
  }

  plant({ model }: RuntimeWorld, ids: readonly string[]): void {
    const folders = Object.fromEntries(ids.map((id) => [id, { rootfs: {} }]));
    const [first = '', ...names] = this.folder.split('/').slice(1);
    const inner = names.reduceRight((below: object, name) => ({ [name]: below }), folders);
    plant(model, '/', { [first]: inner } as never);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** A daemon of a simulated machine: a process of it, with the Task service of a store. */
export interface Daemon {
  readonly kernel: ModelKernel;
  readonly store: ContainerStore;
  readonly leftOvers: LeftOvers;
  readonly events: EventLog;
  readonly warnings: string[];
  call<Req extends object, Res>(method: UnaryMethod<Req, Res>, request: Partial<Req>): Promise<Res>;
  /** Has it killed, with all that lives by it alone: processes that wait to become programs. */
  die(): void;
}

const nothing = new Uint8Array();
const context = { signal: new AbortController().signal, metadata: new Map<string, readonly string[]>() };

/** Starts a daemon; one that has died may have left something in the store. */
export async function startDaemon(world: RuntimeWorld, database: Store): Promise<Daemon> {
  const { system, kernel: parent } = world.model;
  const kernel = await parent.fork();
  const freebsd: FreeBSD = { kernel, bindings: system.bindings };
  const warnings: string[] = [];
  const warn = (_key: unknown, message: string): void => {
    warnings.push(message);
  };
  const { networks } = world.tools;
  const runtime = jailRuntime({
    ...world.tools,
    system: freebsd,
    probe: parameterProbe(freebsd),
    children: failingChildren(world, modelChildren({ kernel, system })),
    networks: networks && {
      ...networks,
      system: freebsd,
      filter: new NetworkFilter(freebsd, (message) => warnings.push(message)),
    },
    warn,
    report: (error) => warnings.push(error.message),
  });
  const store = containerStore(database);
  const events = new EventLog();
  const leftOvers = createLeftOvers(store, runtime, warn);
  const tasks = createTasks({
    runtime,
    records: storedRecords(store, leftOvers),
    publish: events.publish,
    logger: { warn },
    openStdio: (_key, _execId, { terminal }) => Promise.resolve(simulatedStdio(kernel.process, terminal)),
    changed: () => undefined,
  });
  const [service] = taskServices({ tasks, namespace, shutdown: () => undefined });
  return {
    kernel,
    store,
    leftOvers,
    events,
    warnings,
    call: async (method, request) => {
      const implementation = service?.methods.get(method.name);
      if (implementation?.method.kind !== 'unary') throw new Error(`${method.name}: not implemented`);
      const { handler } = implementation as { handler: (request: unknown, from: unknown) => unknown };
      const bytes = method.request.encode({ ...method.request.decode(nothing), ...request });
      return (await handler(method.request.decode(bytes), context)) as never;
    },
    die: () => {
      const children = system.processes.childrenOf(kernel.process);
      system.processes.end(kernel.process, 9);
      system.processes.collect(kernel.process);
      // Their sockets have no other end any more.
      for (const child of children) if (child.executed === undefined) system.processes.end(child, 0);
      collectJails(system);
    },
  };
}

/** Makes children, which is one of the things that may fail. */
function failingChildren({ model }: RuntimeWorld, maker: ChildMaker): ChildMaker {
  return {
    start: async (stdio) => {
      const code = model.faults.next('fork');
      if (code === undefined) return maker.start(stdio);
      const errno = errnoNumber('freebsd', code);
      throw new KernelError({ platform: 'freebsd', call: 'posix_spawn', object: 'agent', errno });
    },
  };
}

export function openMemoryStore(): Store {
  return openStore(':memory:');
}

/** A store as it is at this moment, which whoever has the other one changes no more. */
export function copyStore(store: Store): Store {
  const copy = new Database(store.serialize());
  copy.pragma('foreign_keys = ON');
  return copy;
}

/** Creates a container out of the snapshot that the machine has. */
export async function createContainer(daemon: Daemon, bundles: Bundles, id: string): Promise<number> {
  const rootfs = [{ type: 'nullfs', source: '/snapshots/s1', target: '', options: ['rw'] }];
  return (await daemon.call(TaskV2.methods.Create, { id, bundle: bundles.path(id), rootfs })).pid;
}

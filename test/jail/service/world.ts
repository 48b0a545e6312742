import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createListener } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { isKernelError } from '../../../src/kernel/error.js';
import { makeDirectory, openTemporarily } from '../../../src/kernel/freebsd/file.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { jailRuntime } from '../../../src/jail/runtime.js';
import type { Release } from '../../../src/kernel/bindings/types.js';
import type { CreateTaskRequest } from '../../../src/proto/generated/messages.js';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import type { UnaryMethod } from '../../../src/proto/service.js';
import { createLeftOvers, type LeftOvers } from '../../../src/shim/left-over.js';
import { storedRecords } from '../../../src/shim/records.js';
import { containerStore, type ContainerStore } from '../../../src/store/containers.js';
import { openStore } from '../../../src/store/database.js';
import { taskServices } from '../../../src/task/service.js';
import type { Stdio } from '../../../src/task/stdio/stdio.js';
import { createTasks } from '../../../src/task/tasks.js';
import { createClient } from '../../../src/ttrpc/client.js';
import { createServer } from '../../../src/ttrpc/server.js';
import type { SystemOptions } from '../../model/system.js';
import { EventLog } from '../../task/event-log.js';
import type { Json } from '../planning.js';
import { RuntimeWorld } from '../runtime-world.js';

const nothing = new Uint8Array();

/** A simulated FreeBSD whose jails are containers of the Task service, behind a real socket. */
export interface ServiceWorld {
  readonly world: RuntimeWorld;
  readonly events: EventLog;
  readonly store: ContainerStore;
  readonly leftOvers: LeftOvers;
  readonly warnings: string[];
  readonly call: <Req extends object, Res>(
    method: UnaryMethod<Req, Res>,
    request: Partial<Req>,
  ) => Promise<Res>;
  /** A bundle with this spec. */
  bundle(id: string, members?: Json): Promise<string>;
  /** Creates a container from a snapshot of the machine, as containerd's native snapshotter gives it. */
  create(id: string, members?: Json, more?: Partial<CreateTaskRequest>): Promise<number>;
}

const spec: Json = {
  ociVersion: '1.2.0',
  root: { path: 'rootfs' },
  process: { cwd: '/', args: ['httpd'], env: ['PATH=/usr/local/bin:/bin'], user: { uid: 80, gid: 80 } },
  mounts: [
    { destination: '/dev', type: 'devfs', source: 'devfs', options: ['ruleset=4'] },
    { destination: '/dev/fd', type: 'fdescfs', source: 'fdescfs' },
  ],
};

export async function startService(
  test: TestContext,
  release: Release,
  system: Omit<SystemOptions, 'release'> = {},
): Promise<ServiceWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'jails-'));
  const world = new RuntimeWorld(release, system);
  const runtime = jailRuntime(world.tools);
  const database = openStore(join(folder, 'state.db'));
  const store = containerStore(database);
  const events = new EventLog();
  const warnings: string[] = [];
  const leftOvers = createLeftOvers(store, runtime, (_key, message) => warnings.push(message));
  const tasks = createTasks({
    runtime,
    records: storedRecords(store, leftOvers),
    publish: events.publish,
    logger: { warn: (_key, message) => warnings.push(message) },
    openStdio: () => machineStdio(world),
    changed: () => undefined,
  });
  const server = createServer(taskServices({ tasks, namespace: 'default', shutdown: () => undefined }));
  const listener = createListener().listen(join(folder, 's'));
  await once(listener, 'listening');
  server.serve(listener);
  const client = createClient(join(folder, 's'));
  test.after(() => {
    client.close();
    server.close();
    database.close();
    rmSync(folder, { recursive: true });
  });

  const call: ServiceWorld['call'] = (method, request) =>
    // Every field of a request is there, with its default value when it is not given.
    client.call(TaskV2.name, method, { ...method.request.decode(nothing), ...request });
  const bundle = async (id: string, members: Json = {}): Promise<string> => {
    const path = join(folder, id);
    mkdirSync(join(path, 'rootfs'), { recursive: true });
    writeFileSync(join(path, 'config.json'), JSON.stringify({ ...spec, ...members }));
    // The service reads the file of this machine; the simulated one mounts on the same path.
    await makeFolders(world, join(path, 'rootfs'));
    return path;
  };
  return {
    world,
    events,
    store,
    leftOvers,
    warnings,
    call,
    bundle,
    create: async (id, members, more = {}) => {
      const rootfs = [{ type: 'nullfs', source: '/snapshots/s1', target: '', options: ['rw'] }];
      const request = { id, bundle: more.bundle ?? (await bundle(id, members)), rootfs, ...more };
      return (await call(TaskV2.methods.Create, request)).pid;
    },
  };
}

/** Makes a folder of the simulated machine, and those above it. */
async function makeFolders({ model }: RuntimeWorld, path: string): Promise<void> {
  let above = '/';
  for (const name of path.split('/').slice(1)) {
    const parent = above;
    const made = await run(model.freebsd, (b) =>
      b.attempt(() => makeDirectory(b, openTemporarily(b, parent), name, 0o755)),
    );
    if (isKernelError(made) && made.code !== 'EEXIST') throw made;
    above = join(above, name);
  }
}

/** The stdio of a process of the simulated machine, whose descriptors are that machine's. */
async function machineStdio(world: RuntimeWorld): Promise<Stdio> {
  const stdio = await world.stdio();
  const release = (): void => {
    stdio.release();
  };
  return {
    child: stdio.fds,
    releaseChildEnds: release,
    keepInput: () => Promise.resolve(),
    attachTerminal: () => {
      throw new Error('no terminal was asked for');
    },
    master: undefined,
    processExited: () => undefined,
    closeStdin: () => undefined,
    drained: Promise.resolve(),
    close: () => {
      release();
      return Promise.resolve();
    },
  };
}

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer as createListener } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parameterProbe } from '../../../src/jail/jail/parameter-probe.js';
import { defaultPatience } from '../../../src/jail/process/patience.js';
import { jailRuntime } from '../../../src/jail/runtime.js';
import { forkedChildren } from '../../../src/kernel/agent/children.js';
import type { CreateTaskRequest } from '../../../src/proto/generated/messages.js';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import type { UnaryMethod } from '../../../src/proto/service.js';
import type { Runtime } from '../../../src/runtime/runtime.js';
import { createLeftOvers, type LeftOvers } from '../../../src/shim/left-over.js';
import { storedRecords } from '../../../src/shim/records.js';
import { containerStore, type ContainerStore } from '../../../src/store/containers.js';
import { openStore } from '../../../src/store/database.js';
import { taskServices } from '../../../src/task/service.js';
import { createTasks } from '../../../src/task/tasks.js';
import { createClient } from '../../../src/ttrpc/client.js';
import { createServer } from '../../../src/ttrpc/server.js';
import type { Case } from '../../conformance/harness/case.js';
import { host } from '../../conformance/harness/processes.js';
import { EventLog } from '../../task/event-log.js';
import { makeImage } from './image.js';
import { Output } from './output.js';
import { machineStdio } from './stdio.js';

const nothing = new Uint8Array();

export type Json = Readonly<Record<string, unknown>>;

/** The Task service of a daemon here, whose jails are on a machine. */
export interface Service {
  readonly c: Case;
  readonly events: EventLog;
  readonly store: ContainerStore;
  readonly leftOvers: LeftOvers;
  /** what the service has warned of, and what went wrong with nobody to tell */
  readonly warnings: string[];
  /** the image, on the machine */
  readonly image: string;
  readonly call: <Req extends object, Res>(
    method: UnaryMethod<Req, Res>,
    request: Partial<Req>,
  ) => Promise<Res>;
  /** Creates a container of the image that runs our program with these words, and answers its pid. */
  readonly create: (
    id: string,
    words: readonly string[],
    members?: Json,
    more?: Partial<CreateTaskRequest>,
  ) => Promise<number>;
  /** What a process writes, which was created or executed. */
  readonly output: (id: string, execId?: string) => Output;
  /** Where the root of a container lies on the machine. */
  readonly rootOf: (id: string) => string;
}

/** Begins to serve; all ends with the case. */
export async function startService(c: Case, program: Uint8Array): Promise<Service> {
  const { system } = c;
  const folder = mkdtempSync(join(tmpdir(), 'life-'));
  c.defer(() => rm(folder, { recursive: true }));
  const bundles = await c.makeFolder('bundles');
  const image = await makeImage(c, program);
  const warnings: string[] = [];
  const warn = (_key: unknown, message: string): number => warnings.push(message);
  const runtime = onMachine(
    jailRuntime({
      system,
      children: forkedChildren(host(c).process, system.bindings),
      probe: parameterProbe(system),
      defaults: { linuxRelease: undefined },
      defaultNetwork: 'host',
      networks: undefined,
      patience: defaultPatience,
      hookTimeout: 60_000,
      warn,
      report: (error) => warnings.push(error.message),
    }),
    bundles,
  );
  const database = openStore(':memory:');
  const store = containerStore(database);
  const events = new EventLog();
  const leftOvers = createLeftOvers(store, runtime, warn);
  const bundlesMade = new Set<string>();
  const outputs = new Map<string, Output>();
  const tasks = createTasks({
    runtime,
    records: storedRecords(store, leftOvers),
    publish: events.publish,
    logger: { warn },
    openStdio: ({ id }, execId, paths) => {
      const output = new Output();
      outputs.set(`${id}/${execId}`, output);
      return machineStdio(c, paths, output);
    },
    changed: () => undefined,
  });
  const server = createServer(taskServices({ tasks, namespace: 'default', shutdown: () => undefined }));
  const listener = createListener().listen(join(folder, 's'));
  await once(listener, 'listening');
  server.serve(listener);
  const client = createClient(join(folder, 's'));
  c.defer(async () => {
    // A case that failed may have left containers.
    for (const { id } of store.list()) await tasks.removeByForce({ namespace: 'default', id });
    client.close();
    server.close();
    database.close();
  });

  const call: Service['call'] = (method, request) =>
    // Every field of a request is there, with its default value when it is not given.
    client.call(TaskV2.name, method, { ...method.request.decode(nothing), ...request });
  return {
    c,
    events,
    store,
    leftOvers,
    warnings,
    image,
    call,
    create: async (id, words, members = {}, more = {}) => {
      const bundle = join(folder, id);
      mkdirSync(bundle, { recursive: true });
      writeFileSync(join(bundle, 'config.json'), JSON.stringify({ ...specFor(words), ...members }));
      if (!bundlesMade.has(id)) {
        await c.makeFolder(`bundles/${id}`);
        await c.makeFolder(`bundles/${id}/rootfs`);
        bundlesMade.add(id);
      }
      const rootfs = [{ type: 'nullfs', source: image, target: '', options: ['rw'] }];
      return (await call(TaskV2.methods.Create, { id, bundle, rootfs, ...more })).pid;
    },
    output: (id, execId = '') => {
      const output = outputs.get(`${id}/${execId}`);
      if (output === undefined) throw new Error(`${id}/${execId}: no such process was made`);
      return output;
    },
    rootOf: (id) => `${bundles}/${id}/rootfs`,
  };
}

function specFor(words: readonly string[]): Json {
  return {
    ociVersion: '1.3.0',
    root: { path: 'rootfs' },
    process: { cwd: '/', args: ['inmate', ...words], env: ['PATH=/bin', 'A=b'] },
    mounts: [
      { destination: '/dev', type: 'devfs', source: 'devfs' },
      { destination: '/dev/fd', type: 'fdescfs', source: 'fdescfs' },
    ],
  };
}

/** The service reads a bundle here, and the runtime makes the container's root in a folder of the machine. */
function onMachine(runtime: Runtime, bundles: string): Runtime {
  const there = (bundle: string): string => `${bundles}/${basename(bundle)}`;
  return {
    ...runtime,
    create: (request) => runtime.create({ ...request, bundle: there(request.bundle) }),
    cleanUp: (key, bundle, journal) => runtime.cleanUp(key, there(bundle), journal),
  };
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createListener } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { OCI_PROCESS, packJson } from '../../src/proto/any.js';
import type { CreateTaskRequest, ExecProcessRequest } from '../../src/proto/generated/messages.js';
import { TaskV2, TaskV3 } from '../../src/proto/generated/services.js';
import type { UnaryMethod } from '../../src/proto/service.js';
import { createLeftOvers, type LeftOvers } from '../../src/shim/left-over.js';
import { storedRecords } from '../../src/shim/records.js';
import { containerStore, type ContainerStore } from '../../src/store/containers.js';
import { openStore } from '../../src/store/database.js';
import { taskServices } from '../../src/task/service.js';
import { openStdio, type Stdio } from '../../src/task/stdio/stdio.js';
import { createTasks, type Tasks, type TasksHost } from '../../src/task/tasks.js';
import { createClient, type Client } from '../../src/ttrpc/client.js';
import { createServer } from '../../src/ttrpc/server.js';
import { codeName, StatusError } from '../../src/ttrpc/status.js';
import { EventLog } from './event-log.js';
import { ProcessRuntime, type RuntimeSettings } from './runtime.js';
import { folder, options } from './stdio/fixture.js';

const methods = TaskV2.methods;
const nothing = new Uint8Array();

export interface ShimSettings extends RuntimeSettings {
  /** what the service knows of the namespace of its callers; 'ns' if left out */
  readonly namespace?: string | undefined;
  /** changes what the tasks are given */
  readonly host?: (host: TasksHost) => TasksHost;
}

/** The Task service behind a real socket, with containers that are processes. */
export interface Shim {
  readonly folder: string;
  readonly runtime: ProcessRuntime;
  readonly store: ContainerStore;
  readonly leftOvers: LeftOvers;
  readonly tasks: Tasks;
  readonly events: EventLog;
  readonly warnings: string[];
  readonly client: Client;
  /** how often the service was asked to shut down, and the tasks said that a container came or went */
  readonly told: { shutdown: number; changed: number };
  call<Req extends object, Res>(
    method: UnaryMethod<Req, Res>,
    request?: Partial<Req>,
    more?: CallSettings,
  ): Promise<Res>;
  /** A bundle whose process has these arguments. */
  bundle(...args: string[]): string;
  /** Creates a container `box`, which runs a shell script once it is started; answers its pid. */
  create(script: string, more?: Partial<CreateTaskRequest>): Promise<number>;
  start(execId?: string, id?: string): Promise<number>;
  /** Registers an exec of a shell script in `box`. */
  exec(execId: string, script: string, more?: Partial<ExecProcessRequest>): Promise<unknown>;
  wait(execId?: string, id?: string): Promise<number>;
  state(execId?: string, id?: string): Promise<string>;
}

export interface CallSettings {
  /** sent as metadata, where the service does not know it */
  readonly namespace?: string;
  readonly version?: 2 | 3;
}

const statusNames = ['UNKNOWN', 'CREATED', 'RUNNING', 'STOPPED', 'PAUSED', 'PAUSING'];

export async function startShim(test: TestContext, settings: ShimSettings = {}): Promise<Shim> {
  const path = folder(test);
  const runtime = new ProcessRuntime(settings);
  const database = openStore(join(path, 'state.db'));
  const store = containerStore(database);
  const events = new EventLog();
  const warnings: string[] = [];
  const told = { shutdown: 0, changed: 0 };
  const open: Stdio[] = [];
  const leftOvers = createLeftOvers(store, runtime, (_key, message) => warnings.push(message));
  const plain: TasksHost = {
    runtime,
    records: storedRecords(store, leftOvers),
    publish: events.publish,
    logger: { warn: (_key, message) => warnings.push(message) },
    openStdio: async (key, execId, paths, owner) => {
      const { namespace, id } = key;
      const request = { namespace, containerId: id, execId, ...paths, ...(owner && { owner }) };
      const stdio = await openStdio(request, options());
      open.push(stdio);
      return stdio;
    },
    changed: () => {
      told.changed += 1;
    },
  };
  const tasks = createTasks(settings.host?.(plain) ?? plain);
  const namespace = 'namespace' in settings ? settings.namespace : 'ns';
  const server = createServer(
    taskServices({
      tasks,
      namespace,
      shutdown: () => {
        told.shutdown += 1;
      },
    }),
  );
  const listener = createListener().listen(join(path, 'socket'));
  await once(listener, 'listening');
  server.serve(listener);
  const client = createClient(join(path, 'socket'));
  test.after(async () => {
    client.close();
    server.close();
    await Promise.all([...runtime.containers.values()].map((container) => container.remove()));
    await Promise.all(open.map((stdio) => stdio.close()));
    database.close();
  });

  const call: Shim['call'] = (method, request = {}, { namespace: sent, version = 2 } = {}) => {
    // Every field of a request is there, with its default value when it is not given.
    const whole = { ...method.request.decode(nothing), ...request };
    const metadata = sent === undefined ? undefined : new Map([['containerd-namespace-ttrpc', [sent]]]);
    const { name } = version === 2 ? TaskV2 : TaskV3;
    return client.call(name, method, whole, metadata === undefined ? {} : { metadata });
  };
  let bundles = 0;
  const bundle = (...args: string[]): string => {
    bundles += 1;
    const bundlePath = join(path, `bundle${bundles}`);
    mkdirSync(bundlePath);
    const spec = { ociVersion: '1.0.2', root: { path: 'rootfs' }, process: { args, cwd: '/' } };
    writeFileSync(join(bundlePath, 'config.json'), JSON.stringify(spec));
    return bundlePath;
  };

  return {
    folder: path,
    runtime,
    store,
    leftOvers,
    tasks,
    events,
    warnings,
    client,
    told,
    call,
    bundle,
    create: async (script, more = {}) => {
      const request = { id: 'box', bundle: more.bundle ?? bundle('sh', '-c', script), ...more };
      return (await call(methods.Create, request)).pid;
    },
    start: async (execId = '', id = 'box') => (await call(methods.Start, { id, execId })).pid,
    exec: (execId, script, more = {}) =>
      call(methods.Exec, { id: 'box', execId, spec: processOf('sh', '-c', script), ...more }),
    wait: async (execId = '', id = 'box') => (await call(methods.Wait, { id, execId })).exitStatus,
    state: async (execId = '', id = 'box') =>
      statusNames[(await call(methods.State, { id, execId })).status] ?? '?',
  };
}

/** The spec of an Exec request. */
export function processOf(...args: string[]): { typeUrl: string; value: Uint8Array } {
  return packJson(OCI_PROCESS, { args, cwd: '/' });
}

/** How a call ended: `OK`, or the name of the status code. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    if (error instanceof StatusError) return codeName(error.code);
    throw error;
  }
}

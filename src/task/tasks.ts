import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { reason, RuntimeError } from '../runtime/error.js';
import type { Journal } from '../runtime/journal.js';
import { checkIdentifier, keyString, type ContainerKey } from '../runtime/key.js';
import type { RootfsMount, Runtime, RuntimeContainer, RuntimeOptions } from '../runtime/runtime.js';
import { readSpec } from '../runtime/spec.js';
import { StatusError } from '../ttrpc/status.js';
import { Container, type ContainerHost } from './container.js';
import { created } from './event-messages.js';
import { Process, type StdioPaths } from './process.js';
import { processStdio } from './runtime-stdio.js';
import { alreadyExists, invalidArgument, notFound, toStatus } from './status.js';
import type { PipeOwner } from './stdio/pipe.js';
import type { Stdio } from './stdio/stdio.js';

/** Where the existence of containers is written down, so that their remains can be removed after a crash. */
export interface ContainerRecords {
  /** Removes what is left of an earlier container of this key, which has no task; does nothing without one. */
  clear(key: ContainerKey): Promise<void>;
  add(key: ContainerKey, bundle: string): Journal;
  setPid(key: ContainerKey, pid: number): void;
  remove(key: ContainerKey): void;
}

export interface TasksHost extends Omit<ContainerHost, 'openStdio'> {
  readonly runtime: Runtime;
  readonly records: ContainerRecords;
  /** `owner` is whom pipes that the process gets shall belong to; undefined: to the shim */
  openStdio(
    key: ContainerKey,
    execId: string,
    paths: StdioPaths,
    owner: PipeOwner | undefined,
  ): Promise<Stdio>;
  /** told whenever a container has come or gone */
  changed(key: ContainerKey): void;
}

export interface CreateTask {
  readonly bundle: string;
  readonly rootfs: readonly RootfsMount[];
  readonly stdio: StdioPaths;
  readonly options: RuntimeOptions;
}

/** All containers of this daemon. */
export interface Tasks {
  create(key: ContainerKey, request: CreateTask): Promise<Container>;
  /** @throws StatusError NotFound */
  get(key: ContainerKey): Container;
  find(key: ContainerKey): Container | undefined;
  /** Removes a stopped or never started container with all that was made for it. */
  remove(key: ContainerKey): Promise<Process>;
  /** Kills the container if it lives, and removes it. */
  removeByForce(key: ContainerKey): Promise<Process | undefined>;
  /** The containers with this id, in whatever namespaces: for callers that name none. */
  withId(id: string): Container[];
  /** containers, and creates under way */
  readonly count: number;
}

export function createTasks(host: TasksHost): Tasks {
  const containers = new Map<string, Container>();
  const creating = new Map<string, Promise<unknown>>();

  const find = (key: ContainerKey): Container | undefined => containers.get(keyString(key));
  const get = (key: ContainerKey): Container => {
    const container = find(key);
    if (container === undefined) throw notFound(`container ${key.id} not created`);
    return container;
  };

  const make = async (key: ContainerKey, request: CreateTask): Promise<Container> => {
    const { bundle, rootfs, stdio: paths, options } = request;
    const spec = await readSpec(join(bundle, 'config.json'));
    const init = new Process('', paths);
    const owner = ownerOf(options);
    const openStdio: ContainerHost['openStdio'] = (execId, its) => host.openStdio(key, execId, its, owner);
    await clearEarlier(key);
    const journal = host.records.add(key, bundle);
    let runtimeContainer: RuntimeContainer | undefined;
    let container: Container;
    try {
      init.stdio = await openStdio('', paths);
      runtimeContainer = await host.runtime.create({
        key,
        bundle,
        spec: { ...spec, process: { ...spec.process, terminal: paths.terminal } },
        rootfs,
        options,
        stdio: processStdio(init.stdio, paths.terminal),
        journal,
      });
      host.records.setPid(key, runtimeContainer.init.pid);
      await init.stdio.keepInput();
      init.launched = runtimeContainer.init;
      container = new Container(key, bundle, init, runtimeContainer, { ...host, openStdio });
    } catch (error) {
      throw await undoCreate(key, init, runtimeContainer, error);
    }
    host.publish(key, created(key, bundle, rootfs, paths, init.pid));
    container.watch();
    return container;
  };

  const clearEarlier = async (key: ContainerKey): Promise<void> => {
    try {
      await host.records.clear(key);
    } catch (error) {
      const message = `what is left of an earlier container ${key.id} is in the way: ${reason(error)}`;
      throw new RuntimeError('failed', message, { cause: error });
    }
  };

  /**
   * What cannot be removed stays on record, for containerd's `delete` that follows, the next Create or the next daemon.
   *
   * @returns the error to answer
   */
  const undoCreate = async (
    key: ContainerKey,
    init: Process,
    runtimeContainer: RuntimeContainer | undefined,
    error: unknown,
  ): Promise<unknown> => {
    try {
      await init.stdio?.close();
      if (runtimeContainer === undefined) {
        await host.records.clear(key);
      } else {
        await runtimeContainer.remove();
        host.records.remove(key);
      }
      return error;
    } catch (undoError) {
      host.logger.warn(key, `after a failed create: ${reason(undoError)}`);
      const { code, message } = toStatus(error);
      return new StatusError(code, `${message}; what was made cannot be removed: ${reason(undoError)}`);
    }
  };

  const remove = async (key: ContainerKey, force = false): Promise<Process> => {
    const container = get(key);
    const init = await container.remove(() => {
      host.records.remove(key);
      containers.delete(keyString(key));
    }, force);
    host.changed(key);
    return init;
  };

  return {
    create: async (key, request) => {
      checkIdentifier('namespace', key.namespace);
      checkIdentifier('container id', key.id);
      await checkBundle(request.bundle);
      const name = keyString(key);
      if (containers.has(name) || creating.has(name))
        throw alreadyExists(`container ${key.id} already exists`);
      const making = make(key, request);
      creating.set(
        name,
        making.catch(() => undefined),
      );
      try {
        const container = await making;
        containers.set(name, container);
        return container;
      } finally {
        creating.delete(name);
        host.changed(key);
      }
    },
    get,
    find,
    remove: (key) => remove(key),
    removeByForce: async (key) => {
      await creating.get(keyString(key));
      return find(key) === undefined ? undefined : await remove(key, true);
    },
    withId: (id) => [...containers.values()].filter((container) => container.key.id === id),
    get count() {
      return containers.size + creating.size;
    },
  };
}

/** io_uid and io_gid of the options; 0 is what they say when they say nothing, and who root's pipes belong to anyway. */
function ownerOf({ ioUid, ioGid }: RuntimeOptions): PipeOwner | undefined {
  return ioUid === 0 && ioGid === 0 ? undefined : { uid: ioUid, gid: ioGid };
}

async function checkBundle(bundle: string): Promise<void> {
  if (!isAbsolute(bundle) || bundle.includes('\0')) {
    throw invalidArgument(`bundle ${JSON.stringify(bundle)} is not an absolute path`);
  }
  try {
    if (!(await stat(bundle)).isDirectory()) throw new Error('not a directory');
  } catch (error) {
    throw notFound(`bundle ${bundle}: ${reason(error)}`);
  }
}

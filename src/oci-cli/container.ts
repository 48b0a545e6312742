import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeError, reason } from '../runtime/error.js';
import type {
  CreateRequest,
  ExecRequest,
  RuntimeContainer,
  RuntimeProcess,
  TypedBytes,
} from '../runtime/runtime.js';
import type { JsonObject, Resources } from '../runtime/spec.js';
import type { Cgroup } from './cgroups.js';
import { invoke } from './command.js';
import { launch, type LaunchTools } from './launch.js';
import { checkSignal } from './process.js';
import type { Program } from './program.js';
import type { Direct } from './runc/direct.js';
import { unmountAll } from './unmount.js';

export interface ContainerParts {
  readonly tools: LaunchTools;
  readonly program: Program;
  readonly request: CreateRequest;
  readonly init: RuntimeProcess;
  readonly cgroup: Cgroup;
  /** see RuntimeContainer */
  readonly endsWithInit: boolean;
  readonly direct: Direct;
  readonly warn: (message: string) => void;
}

/** A container that crun or runc has created. */
export function ociContainer(parts: ContainerParts): RuntimeContainer {
  const { tools, program, request, init, cgroup, endsWithInit, direct, warn } = parts;
  const { id } = request.key;
  const logPath = join(request.bundle, 'log.json');
  const run = (action: string, args: readonly string[]): Promise<void> =>
    invoke(tools, program, { action, args: [action, ...args], logPath });

  return {
    init,
    endsWithInit,
    start: async () => {
      if (!(await direct.start())) await run('start', [id]);
    },
    exec: (exec) => executeIn(parts, exec),
    signalAll: async (signal) => {
      checkSignal(signal);
      await run('kill', ['--all', id, String(signal)]);
    },
    pids: () => cgroup.pids(),
    pause: () => run('pause', [id]),
    resume: () => run('resume', [id]),
    update: (resources: Resources) =>
      withFile(tools.folder, JSON.stringify(resources), (path) => run('update', ['--resources', path, id])),
    stats: (): Promise<TypedBytes> => cgroup.metrics(),
    outOfMemory: () => cgroup.killedForMemory(),
    onOutOfMemory: (listener) => {
      cgroup.onOutOfMemory(listener);
    },
    remove: async () => {
      cgroup.release();
      if (!(await direct.remove())) await run('delete', ['--force', id]);
      await unmountAll(tools.kernel, request.journal, warn);
    },
  };
}

let serial = 0;

/** Gives a program something to read, for the time of its run. */
async function withFile<T>(folder: string, text: string, work: (path: string) => Promise<T>): Promise<T> {
  serial += 1;
  const path = join(folder, `update${serial}.json`);
  try {
    await writeFile(path, text, { mode: 0o600 });
    return await work(path);
  } finally {
    await rm(path, { force: true });
  }
}

async function executeIn(parts: ContainerParts, exec: ExecRequest): Promise<RuntimeProcess> {
  const { tools, program, request } = parts;
  serial += 1;
  const base = join(tools.folder, `exec${serial}`);
  const files = { process: `${base}.json`, pid: `${base}.pid`, log: `${base}.log` };
  const document = { ...exec.process.document, terminal: exec.process.terminal };
  try {
    await writeFile(files.process, JSON.stringify(document), { mode: 0o600 });
    return await launch(tools, {
      program,
      action: 'exec',
      args: ['--detach', '--process', files.process],
      id: request.key.id,
      pidFile: files.pid,
      logPath: files.log,
      stdio: exec.stdio,
    });
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    throw new RuntimeError('failed', `exec ${exec.execId}: ${reason(error)}`, { cause: error });
  } finally {
    await Promise.all(Object.values(files).map((path) => rm(path, { force: true })));
  }
}

/** True if the container has a pid namespace of its own: its processes die with init (pid_namespaces(7)). */
export function hasPrivatePids(spec: JsonObject): boolean {
  const linux = spec['linux'] as { namespaces?: unknown } | undefined | null;
  const namespaces = Array.isArray(linux?.namespaces) ? (linux.namespaces as JsonObject[]) : [];
  return namespaces.some(({ type, path }) => type === 'pid' && (path === undefined || path === ''));
}

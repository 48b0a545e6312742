import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '../../image/build/host.js';
import { missingMountPoints, removeMountPoints } from '../../image/roots/mount-stubs.js';
import type { Root } from '../../image/roots/roots.js';
import type { Context } from '../command.js';
import { endOf } from '../container/foreground.js';
import type { Engine } from '../container/engine.js';
import { refusal } from '../container/launch.js';
import { removeBundle } from '../container/remove.js';
import { numericUser } from '../container/user-files.js';
import { cleanUp, reserve } from '../daemon/launcher.js';
import { connectTask, isGone, isUnknown, methods, type Task } from '../daemon/task.js';
import { reason } from '../../runtime/error.js';
import { CliError } from '../error.js';
import { tryLock } from '../kernel.js';
import { bundleOf, lockOf, type Places } from '../places.js';
import { freebsdSpec } from '../spec/freebsd.js';
import { linuxSpec, wantedHostFiles } from '../spec/linux.js';
import type { SpecRequest } from '../spec/request.js';
import { attach, type Attached } from '../stdio/attach.js';
import { makeFifos } from '../stdio/fifos.js';

export interface StepRun {
  readonly context: Context;
  readonly engine: Engine;
  readonly key: string;
  readonly root: Root;
  readonly step: Step;
  /** of the image */
  readonly os: string;
}

/**
 * Does something while a step's lock is held, by which the next command knows what a program that was killed has left of the
 * step: its container and its root. Its file stays where work failed so that something is left.
 */
export async function withStepLock<T>(places: Places, key: string, work: () => Promise<T>): Promise<T> {
  const lock = tryLock(lockOf(places, key));
  if (lock === undefined) throw new Error(`${key}: its lock is another's`);
  try {
    return await work();
  } finally {
    if (!existsSync(bundleOf(places, key))) rmSync(lockOf(places, key), { force: true });
    lock.release();
  }
}

/**
 * Runs a step of a build in a container of its own, whose output goes to this program's; nothing of the container is left but
 * its root. The caller has its lock.
 *
 * @returns its exit code
 */
export async function runStep(run: StepRun): Promise<number> {
  const { engine, key, root } = run;
  const { places } = engine;
  const bundle = bundleOf(places, key);
  const spec = specOf(run);
  const stubs = missingMountPoints(
    root.tree,
    spec.mounts.map(({ destination }) => destination),
  );
  mkdirSync(join(bundle, 'rootfs'), { recursive: true, mode: 0o711 });
  try {
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
    return await runTask(run, bundle);
  } finally {
    await cleanUp(places, key);
    removeMountPoints(root.written, stubs);
    removeBundle(bundle);
  }
}

/** @returns the exit code */
async function runTask({ context, engine, key, root, step }: StepRun, bundle: string): Promise<number> {
  const fifos = makeFifos(join(bundle, 'stdio'), { stdin: step.stdin !== undefined, terminal: false });
  let task: Task | undefined;
  let attached: Attached | undefined;
  let stop: (() => void) | undefined;
  try {
    const created = connectTask(await reserve(engine.places, key), key);
    task = created;
    const rootfs = root.mounts.map((mount) => ({ ...mount, target: '', options: [...mount.options] }));
    const { stdin, stdout, stderr } = fifos;
    await created.call(methods.Create, { bundle, rootfs, stdin, stdout, stderr });
    fifos.opened();
    stop = onAbort(context.signal, () => {
      ask(context, 'ending the step', created.call(methods.Kill, { signal: 9, all: true }));
    });
    attached = attach(fifos, () => undefined, { input: step.stdin, stdout: process.stderr });
    void attached.inputEnded.then(() => {
      ask(context, 'end of input', created.call(methods.CloseIO, { stdin: true }));
    });
    await created.call(methods.Start);
    context.signal?.throwIfAborted();
    const exitCode = await endOf(created, key);
    await attached.drained;
    context.signal?.throwIfAborted();
    return exitCode;
  } catch (error) {
    if (context.signal?.aborted === true) throw new CliError('stopped', 130, { cause: error });
    throw refusal(error);
  } finally {
    stop?.();
    attached?.close();
    fifos.remove();
    task?.close();
  }
}

/** What the end of the process has made pointless is no error. */
function ask({ tell }: Context, what: string, call: Promise<unknown>): void {
  call.catch((error: unknown) => {
    if (!isUnknown(error) && !isGone(error)) tell(`jailer: ${what}: ${reason(error)}`);
  });
}

function onAbort(signal: AbortSignal | undefined, work: () => void): () => void {
  signal?.addEventListener('abort', work);
  return () => {
    signal?.removeEventListener('abort', work);
  };
}

interface StepSpec extends Record<string, unknown> {
  readonly mounts: readonly { readonly destination: string }[];
}

function specOf({ key, root, step, os }: StepRun): StepSpec {
  const request: SpecRequest = {
    id: key,
    hostname: 'build',
    rootPath: root.directory ?? 'rootfs',
    readonly: false,
    args: step.args,
    env: step.env,
    workingDirectory: step.cwd,
    user: step.user,
    terminal: false,
    volumes: [],
    network: step.network === 'default' ? undefined : step.network,
    ports: [],
    limits: {},
    annotations: {},
  };
  const spec =
    process.platform === 'freebsd'
      ? freebsdSpec(request, os)
      : linuxSpec({
          ...request,
          hostFiles: wantedHostFiles(request.network).filter((path) => existsSync(path)),
          numericUser: numericUser(request.user, root.tree),
        });
  return { ...spec, mounts: [...(spec['mounts'] as StepSpec['mounts']), ...step.mounts] };
}

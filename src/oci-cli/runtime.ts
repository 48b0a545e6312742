import { statfs } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { LocalKernel } from '../kernel/kernel.js';
import { becomeSubreaper, peekExited, reap } from '../kernel/linux/process.js';
import { makeDirectories } from '../runtime/directories.js';
import { reason, RuntimeError } from '../runtime/error.js';
import type { ContainerKey } from '../runtime/key.js';
import type { CreateRequest, Runtime, RuntimeContainer, RuntimeOptions } from '../runtime/runtime.js';
import type { JsonObject } from '../runtime/spec.js';
import { createCgroups } from './cgroups.js';
import { cleanUp, type OciDetail } from './clean-up.js';
import { ociContainer } from './container.js';
import { readFeatures } from './features.js';
import { launch, type LaunchTools } from './launch.js';
import { findProgram, locate, type Program } from './program.js';
import { createReaper } from './reaper.js';
import { mountRootfs } from './rootfs.js';
import { isBeyondFirst, knowsVersion } from './version.js';

export interface OciCliOptions {
  readonly kernel: LocalKernel;
  /** folder of the daemon's own files; short, as console sockets are made there */
  readonly runDirectory: string;
  /** `auto`, a name or a path */
  readonly ociRuntime: string;
  readonly warn: (key: ContainerKey, message: string) => void;
  /** told of what goes wrong when no call is there to fail */
  readonly report: (error: unknown) => void;
}

export interface OciCliRuntime extends Runtime {
  /** Begins to adopt and collect the processes of containers; before the first `create`. */
  adopt(): void;
  close(): void;
}

/** The runtime that lets crun or runc make the containers: for Linux hosts. */
export function ociCliRuntime(options: OciCliOptions): OciCliRuntime {
  const { kernel, runDirectory } = options;
  const reaper = createReaper({
    peek: () => peekExited(kernel),
    collect: (pid) => {
      const exit = reap(kernel, pid);
      return exit === undefined ? 255 : (exit.code ?? 128 + (exit.signal ?? 0));
    },
  });
  const cgroups = createCgroups(kernel, options.report);
  const { gracePeriods } = cgroups;
  const tools: LaunchTools = { kernel, reaper, gracePeriods, folder: runDirectory };
  const programs = new Map<string, Program>();

  const programFor = (wanted: string): Program => {
    const program = programs.get(wanted) ?? findProgram(wanted);
    programs.set(wanted, program);
    return program;
  };
  const newer = new Map<string, Promise<Program>>();
  /** `auto` takes crun only for specs that it knows: asked once for each version. */
  const programForSpec = async (wanted: string, ociVersion: string): Promise<Program> => {
    const program = programFor(wanted);
    if (wanted !== 'auto' || program.name === 'runc' || !isBeyondFirst(ociVersion)) return program;
    const chosen = newer.get(ociVersion) ?? knownTo(program, ociVersion);
    newer.set(ociVersion, chosen);
    chosen.catch(() => newer.delete(ociVersion));
    return await chosen;
  };

  return {
    name: 'oci-cli',
    adopt: () => {
      becomeSubreaper(kernel);
      reaper.reap();
    },
    create: async (request) => {
      const wanted = request.options.binaryName || options.ociRuntime;
      const chosen = await programForSpec(wanted, request.spec.ociVersion);
      const program = await withRoot(chosen, request, join(runDirectory, 'oci'));
      const warn = (message: string): void => {
        options.warn(request.key, message);
      };
      return await create(tools, cgroups, program, request, warn);
    },
    cleanUp: (key, bundle, journal) =>
      cleanUp(tools, key, bundle, journal, (message) => {
        options.warn(key, message);
      }),
    features: () => readFeatures(programFor(options.ociRuntime)),
    close: () => {
      cgroups.close();
      reaper.close();
    },
  };
}

/** The program if it knows specs of this version, else runc where there is one: it takes all of 1.x. */
async function knownTo(program: Program, ociVersion: string): Promise<Program> {
  if ((await knowsVersion(program, ociVersion)) || locate('runc') === undefined) return program;
  return findProgram('runc');
}

async function create(
  tools: LaunchTools,
  cgroups: ReturnType<typeof createCgroups>,
  program: Program,
  request: CreateRequest,
  warn: (message: string) => void,
): Promise<RuntimeContainer> {
  const { key, bundle, journal, stdio } = request;
  try {
    mountRootfs(tools.kernel, join(bundle, 'rootfs'), request.rootfs, journal);
    journal.making('oci', {
      file: program.file,
      globalArgs: program.globalArgs,
      name: program.name,
      root: stateRoot(program),
      cgroup: cgroupPath(request.spec.document, request.options),
    } satisfies OciDetail);
    const init = await launch(tools, {
      program,
      action: 'create',
      args: ['--bundle', bundle, ...createFlags(request.options)],
      id: key.id,
      pidFile: join(bundle, 'init.pid'),
      logPath: join(bundle, 'log.json'),
      stdio,
    });
    const cgroup = cgroups.open(init.pid);
    return ociContainer({ tools, program, request, init, cgroup, warn });
  } catch (error) {
    throw await whyFailed(error, tools.folder);
  }
}

/** runc does not always say that it found no room for its state. */
async function whyFailed(error: unknown, folder: string): Promise<unknown> {
  const { bavail, files, ffree } = await statfs(folder);
  if (bavail > 0 && (ffree > 0 || files === 0)) return error;
  return new RuntimeError('exhausted', `${reason(error)} (no space left for ${folder})`, { cause: error });
}

/** The program with the folder in which it keeps the state of this namespace's containers. */
async function withRoot(program: Program, request: CreateRequest, defaultRoot: string): Promise<Program> {
  const { root, systemdCgroup } = request.options;
  const folder = join(isAbsolute(root) ? root : defaultRoot, request.key.namespace);
  await makeDirectories(folder, 0o700);
  const globalArgs = ['--root', folder, ...(systemdCgroup ? ['--systemd-cgroup'] : [])];
  return { ...program, globalArgs: [...program.globalArgs, ...globalArgs] };
}

function stateRoot(program: Program): string {
  return program.globalArgs[program.globalArgs.indexOf('--root') + 1] ?? '';
}

function createFlags(options: RuntimeOptions): string[] {
  return [
    ...(options.noPivotRoot ? ['--no-pivot'] : []),
    ...(options.noNewKeyring ? ['--no-new-keyring'] : []),
  ];
}

/** The path of the container's cgroup below each hierarchy; undefined when systemd makes it, or the program chooses it. */
function cgroupPath(spec: JsonObject, options: RuntimeOptions): string | null {
  const linux = spec['linux'] as { cgroupsPath?: unknown } | null | undefined;
  const path = linux?.cgroupsPath;
  return typeof path === 'string' && path.startsWith('/') && !options.systemdCgroup ? path : null;
}

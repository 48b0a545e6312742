import { statfs } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { makeDirectories } from '../runtime/directories.js';
import { reason, RuntimeError } from '../runtime/error.js';
import type { CreateRequest, RuntimeContainer, RuntimeOptions } from '../runtime/runtime.js';
import type { JsonObject } from '../runtime/spec.js';
import type { Cgroups } from './cgroups.js';
import type { OciDetail } from './clean-up.js';
import { hasPrivatePids, ociContainer } from './container.js';
import { launch, type LaunchTools } from './launch.js';
import type { Program } from './program.js';
import type { KnownProgram } from './programs.js';
import { mountRootfs } from './rootfs.js';
import { notDirect, runcDirect } from './runc/direct.js';

export interface CreateTools {
  readonly tools: LaunchTools;
  readonly cgroups: Cgroups;
  readonly program: KnownProgram;
  /** folder for the program's state, where the request names none */
  readonly defaultRoot: string;
  readonly warn: (message: string) => void;
}

/**
 * Mounts the root of a container, and lets crun or runc create it.
 *
 * @throws RuntimeError; nothing is left then but what the journal lists
 */
export async function createContainer(
  { tools, cgroups, program: known, defaultRoot, warn }: CreateTools,
  request: CreateRequest,
): Promise<RuntimeContainer> {
  const { key, bundle, journal, stdio, spec } = request;
  const program = await withRoot(known.program, request, defaultRoot);
  const root = stateRoot(program);
  try {
    mountRootfs(tools.kernel, join(bundle, 'rootfs'), request.rootfs, journal);
    journal.making('oci', {
      file: program.file,
      globalArgs: program.globalArgs,
      name: program.name,
      root,
      cgroup: cgroupPath(spec.document, request.options),
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
    const endsWithInit = hasPrivatePids(spec.document);
    const isDirect = (await known.isRunc) && !request.options.systemdCgroup;
    const direct = isDirect
      ? runcDirect({
          id: key.id,
          folder: join(root, key.id),
          init,
          spec: spec.document,
          endsWithInit,
          hierarchies: cgroups.hierarchies,
        })
      : notDirect;
    return ociContainer({ tools, program, request, init, cgroup, endsWithInit, direct, warn });
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

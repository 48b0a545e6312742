import { join } from 'node:path';
import type { LocalKernel } from '../kernel/kernel.js';
import { becomeSubreaper, peekExited, reap } from '../kernel/linux/process.js';
import type { ContainerKey } from '../runtime/key.js';
import type { Runtime } from '../runtime/runtime.js';
import { createCgroups } from './cgroups.js';
import { cleanUp } from './clean-up.js';
import { createContainer } from './create.js';
import { readFeatures } from './features.js';
import type { LaunchTools } from './launch.js';
import { locate } from './program.js';
import { createPrograms, type KnownProgram } from './programs.js';
import { createReaper } from './reaper.js';
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
  const programs = createPrograms();
  const newer = new Map<string, Promise<boolean>>();
  /** `auto` takes crun only for specs that it knows: asked once for each version. runc takes all of 1.x. */
  const programForSpec = async (wanted: string, ociVersion: string): Promise<KnownProgram> => {
    const known = programs.find(wanted);
    if (wanted !== 'auto' || known.program.name === 'runc' || !isBeyondFirst(ociVersion)) return known;
    const asked = newer.get(ociVersion) ?? knowsVersion(known.program, ociVersion);
    newer.set(ociVersion, asked);
    asked.catch(() => newer.delete(ociVersion));
    return (await asked) || locate('runc') === undefined ? known : programs.find('runc');
  };

  return {
    name: 'oci-cli',
    adopt: () => {
      becomeSubreaper(kernel);
      reaper.reap();
    },
    create: async (request) => {
      const wanted = request.options.binaryName || options.ociRuntime;
      const program = await programForSpec(wanted, request.spec.ociVersion);
      const warn = (message: string): void => {
        options.warn(request.key, message);
      };
      return await createContainer(
        { tools, cgroups, program, defaultRoot: join(runDirectory, 'oci'), warn },
        request,
      );
    },
    cleanUp: (key, bundle, journal) =>
      cleanUp(tools, key, bundle, journal, (message) => {
        options.warn(key, message);
      }),
    features: () => readFeatures(programs.find(options.ociRuntime).program),
    close: () => {
      cgroups.close();
      reaper.close();
    },
  };
}

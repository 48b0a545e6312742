import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readHierarchies, type CgroupPaths } from '../../../src/oci-cli/cgroup/locate.js';

const wanted = ['memory', 'pids', 'cpu', 'cpuacct', 'blkio'];
let serial = 0;

/** Why this host cannot run tests on real cgroups of version 1; false if it can. */
export function withoutV1(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  return mountPoint('memory') === undefined ? 'this host has no cgroups of version 1' : false;
}

/** Why this host cannot run tests on a real cgroup of version 2; false if it can. */
export function withoutV2(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  return mountPoint('') === undefined ? 'this host has no cgroups of version 2' : false;
}

/** The mount point of a controller of version 1, or of version 2 for ''. */
function mountPoint(controller: string): string | undefined {
  return readHierarchies().find(({ type, superOptions }) =>
    controller === '' ? type === 'cgroup2' : type === 'cgroup' && superOptions.includes(controller),
  )?.mountPoint;
}

/** A cgroup made for a test; disposing of it ends its processes. */
export interface HostCgroup extends AsyncDisposable {
  readonly paths: CgroupPaths;
  set(controller: string, file: string, value: string): void;
  /** Lets a program run in it, which starts when `go` is called. */
  launch(program: string, ...args: string[]): HostProcess;
  remove(): void;
}

export interface HostProcess {
  readonly pid: number;
  go(): void;
  /** Ends it, if it has not ended, and waits for that. */
  end(): Promise<void>;
  /** Resolves with the signal that ended it, or null. */
  readonly ended: Promise<NodeJS.Signals | null>;
}

/** Makes a cgroup with the usual controllers of version 1. */
export function makeV1(): HostCgroup {
  const name = nextName();
  const controllers = new Map<string, string>();
  for (const controller of wanted) {
    const top = mountPoint(controller);
    if (top !== undefined) controllers.set(controller, join(top, name));
  }
  return make({ mode: 'v1', controllers, unified: undefined }, controllers);
}

/** Makes a cgroup of version 2, with whatever controllers that hierarchy hands down. */
export function makeV2(): HostCgroup {
  const unified = join(mountPoint('') ?? '', nextName());
  return make({ mode: 'v2', controllers: new Map(), unified }, new Map([['', unified]]));
}

function nextName(): string {
  serial += 1;
  return `shim-test-${process.pid}-${serial}`;
}

function make(paths: CgroupPaths, directories: ReadonlyMap<string, string>): HostCgroup {
  for (const directory of directories.values()) mkdirSync(directory);
  const processes: HostProcess[] = [];
  const remove = (): void => {
    for (const directory of directories.values()) if (existsSync(directory)) rmdirSync(directory);
  };
  return {
    paths,
    set: (controller, file, value) => {
      writeFileSync(join(directories.get(controller) ?? '', file), value);
    },
    launch: (program, ...args) => {
      const child = spawn('/bin/sh', ['-c', 'read go && exec "$@"', 'sh', program, ...args], {
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      const launched = hostProcess(child, directories);
      processes.push(launched);
      return launched;
    },
    remove,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(processes.map((launched) => launched.end()));
      remove();
    },
  };
}

function hostProcess(child: ChildProcess, directories: ReadonlyMap<string, string>): HostProcess {
  const { pid, stdin } = child;
  if (pid === undefined || stdin === null) throw new Error('/bin/sh does not start');
  const ended = once(child, 'exit').then(([, signal]) => signal as NodeJS.Signals | null);
  for (const directory of directories.values()) writeFileSync(join(directory, 'cgroup.procs'), String(pid));
  return {
    pid,
    ended,
    go: () => {
      stdin.end('go\n');
    },
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

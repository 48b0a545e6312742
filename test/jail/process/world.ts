import type { LaunchTools } from '../../../src/jail/process/launch.js';
import type { ProcessPlan } from '../../../src/jail/plan/process.js';
import type { Release } from '../../../src/kernel/bindings/types.js';
import { makeDirectory, makeSymlink, openTemporarily, write } from '../../../src/kernel/freebsd/file.js';
import { setJail } from '../../../src/kernel/freebsd/jail.js';
import { mount } from '../../../src/kernel/freebsd/mount.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import type { ProcessStdio } from '../../../src/runtime/runtime.js';
import { modelChildren } from '../../model/children.js';
import { openModel, type Model } from '../../model/model.js';
import type { Process } from '../../model/process.js';

const root = '/mnt/root';

export const passwd = 'root:*:0:0::/root:/bin/sh\nwww:*:80:80::/home/www:/bin/sh\n';
export const group = 'wheel:*:0:root\nwww:*:80:\nextra:*:90:www\n';

/** A jail on a simulated FreeBSD, with an image in it and what launches processes. */
export interface World {
  readonly model: Model;
  readonly jid: number;
  readonly tools: LaunchTools;
  /** what nobody waited for */
  readonly reports: Error[];
  /** Writes a file of the image. */
  file(path: string, data: string, mode?: number): Promise<void>;
  link(target: string, folder: string, name: string): Promise<void>;
  process(pid: number): Process;
}

export async function makeWorld(release: Release = 14, { users = true } = {}): Promise<World> {
  const model = openModel(release);
  const { freebsd } = model;
  const file = async (path: string, data: string, mode = 0o644): Promise<void> => {
    const create = { mode };
    await run(freebsd, (b) => {
      const fd = openTemporarily(b, `${root}${path}`, { access: 'write', create, truncate: true });
      return write(b, fd, Buffer.from(data), path);
    });
  };
  await run(freebsd, (b) => makeDirectory(b, openTemporarily(b, '/mnt'), 'root', 0o755));
  await run(freebsd, (b) => {
    const image = openTemporarily(b, root);
    return ['bin', 'dev', 'etc', 'usr'].map((name) => makeDirectory(b, image, name, 0o755));
  });
  await run(freebsd, (b) => mount(b, { type: 'devfs', target: `${root}/dev` }));
  await file('/bin/program', '\x7fELF program', 0o755);
  await file('/bin/data', 'hello', 0o644);
  if (users) {
    await file('/etc/passwd', passwd);
    await file('/etc/group', group);
  }
  const jid = await run(freebsd, (b) =>
    setJail(b, { name: 'box', path: root, persist: true }, { operation: 'create' }),
  );
  const reports: Error[] = [];
  return {
    model,
    jid,
    tools: {
      system: freebsd,
      children: modelChildren(model),
      report: (error) => {
        reports.push(error);
      },
    },
    reports,
    file,
    link: async (target, folder, name) => {
      await run(freebsd, (b) => makeSymlink(b, target, openTemporarily(b, `${root}${folder}`), name));
    },
    process: (pid) => {
      const found = model.system.processes.get(pid);
      if (found === undefined) throw new Error(`no process ${pid}`);
      return found;
    },
  };
}

export function plan(changes: Partial<ProcessPlan> = {}): ProcessPlan {
  return {
    args: ['program', 'one'],
    env: ['PATH=/usr/bin:/bin', 'A=b'],
    cwd: '/work',
    user: { kind: 'ids', uid: 0, gid: 0 },
    additionalGids: [],
    umask: 0o022,
    terminal: false,
    consoleSize: undefined,
    rlimits: [],
    noNewPrivileges: true,
    ...changes,
  };
}

/** Three files of the daemon that a process gets, which are open until somebody releases them. */
export async function plainStdio({
  model,
}: Pick<World, 'model'>): Promise<ProcessStdio & { terminal: false }> {
  const { descriptors } = model.kernel.process;
  const [one, two, three] = await run(model.freebsd, (b) => {
    const null0 = () => {
      const path = { arena: b.arena.text('/dev/null', 'path') };
      const value = b.call('openat', [b.bindings.constants.AT_FDCWD, path, 2, 0], { object: '/dev/null' });
      return { value, decode: ({ valueOf }: { valueOf: (call: typeof value) => number }) => valueOf(value) };
    };
    return [null0(), null0(), null0()];
  });
  const fds: readonly [number, number, number] = [one ?? -1, two ?? -1, three ?? -1];
  return {
    terminal: false,
    fds,
    release: () => {
      for (const fd of fds) descriptors.close(fd);
    },
  };
}

/** What takes a terminal, and closes it at the end. */
export function terminalStdio({ model }: Pick<World, 'model'>): ProcessStdio & { close: () => void } {
  let held: number | undefined;
  return {
    terminal: true,
    attach: (master) => {
      held = master;
    },
    master: () => held,
    close: () => {
      if (held !== undefined) model.kernel.process.descriptors.close(held);
      held = undefined;
    },
  };
}

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cannotRun } from './fixture.js';
import { busyboxRootfs } from './image.js';
import { describe, Program, run, type Outcome, type ProgramOptions } from './program.js';
import { findMounts, findProcesses, removeRemains } from './remains.js';
import { installShim } from './shim.js';
import { Terminal } from './terminal.js';

/** Each command is a Node.js of its own, and some start a daemon: on a machine that is busy with others it takes long. */
const deadline = 240_000;

/** An installed `jailer` with configuration, data and daemon of its own, used as a person would. */
export class Jailer {
  readonly directory = mkdtempSync('/tmp/csj-');
  /** an unpacked busybox, for `--rootfs`; containers share it */
  readonly rootfs = join(this.directory, 'rootfs');
  readonly data = join(this.directory, 'data');
  readonly #ids = new Set<string>();

  static async install(): Promise<Jailer> {
    const jailer = new Jailer();
    try {
      const config = [
        `socket_dir = "${jailer.directory}/s"`,
        `run_dir = "${jailer.directory}/run"`,
        `data_dir = "${jailer.data}"`,
        `log_file = "${jailer.directory}/shim.log"`,
      ];
      writeFileSync(join(jailer.directory, 'shim.toml'), `${config.join('\n')}\n`);
      mkdirSync(jailer.rootfs);
      execFileSync('tar', ['-x', '-C', jailer.rootfs], { input: busyboxRootfs() });
      await installShim('ours', join(jailer.directory, 'prefix'));
      return jailer;
    } catch (error) {
      rmSync(jailer.directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** The command line of `jailer` with these words. */
  command(words: readonly string[]): string[] {
    return [join(this.directory, 'prefix/bin/jailer'), ...words];
  }

  get environment(): NodeJS.ProcessEnv {
    const { PATH } = process.env;
    return { PATH, TERM: 'xterm', CONTAINERD_SHIM_JAIL_CONFIG: join(this.directory, 'shim.toml') };
  }

  /** Runs to its end; without `input` standard input is empty. */
  run(words: readonly string[], options: ProgramOptions = {}): Promise<Outcome> {
    return run(this.command(words), { env: this.environment, cwd: this.directory, deadline, ...options });
  }

  /** Runs what must succeed. @returns what it printed, without the last newline */
  async output(words: readonly string[], options: ProgramOptions = {}): Promise<string> {
    const outcome = await this.run(words, options);
    assert.equal(outcome.code, 0, describe(outcome));
    return outcome.stdout.replace(/\n$/, '');
  }

  /** Starts, with standard input open. */
  start(words: readonly string[]): Program {
    return new Program(this.command(words), { env: this.environment, cwd: this.directory, deadline });
  }

  /** Starts on a terminal of its own. */
  terminal(words: readonly string[], size = { rows: 24, columns: 80 }): Terminal {
    return new Terminal(this.command(words), size, { env: this.environment, cwd: this.directory, deadline });
  }

  /** Runs a detached container. @returns its id */
  async detached(words: readonly string[], program: readonly string[]): Promise<string> {
    const id = await this.output(['run', '-d', ...words, '--rootfs', this.rootfs, ...program]);
    this.#ids.add(id);
    return id;
  }

  /** The daemons of this data directory. */
  daemons(): number[] {
    return findProcesses(this.#owner)
      .filter(({ command }) => / serve -address /.test(command))
      .map(({ pid }) => pid);
  }

  /** What is left, a line each, of containers that are gone. */
  look(): string[] {
    const containers = join(this.data, 'containers');
    for (const name of entries(containers)) this.#ids.add(name.replace(/\.lock$/, ''));
    return [
      ...entries(containers).map((name) => `containers/${name}`),
      ...entries(join(this.data, 'roots')).flatMap((kind) =>
        entries(join(this.data, 'roots', kind, 'containers')).map((id) => `root of ${id}`),
      ),
      ...findMounts(this.#owner).map((path) => `mount ${path}`),
      ...[...this.#ids].filter((id) => hasCgroup(id)).map((id) => `cgroup of ${id}`),
      ...findProcesses(this.#owner)
        .filter(({ command }) => !/ serve -address /.test(command))
        .map(({ pid, command }) => `process ${pid}: ${command}`),
    ];
  }

  /** Removes every trace. */
  async close(): Promise<void> {
    const ids = await this.run(['ps', '-aq']);
    const known = ids.stdout.split('\n').filter((id) => id !== '');
    if (known.length > 0) await this.run(['rm', '-f', ...known]);
    await removeRemains(this.#owner);
    rmSync(this.directory, { recursive: true, force: true });
    removeParents();
  }

  log(): string[] {
    const path = join(this.directory, 'shim.log');
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(-30) : [];
  }

  /** Cgroups are found by id, as others may use the same namespace at the same time. */
  get #owner(): { directory: string; namespace: string } {
    return { directory: this.directory, namespace: this.directory };
  }
}

/**
 * One `jailer` for all tests of a file. After each of them nothing is left of its containers: no folder, lock, mount,
 * cgroup or process but the daemon.
 */
export function withJailer(): (name: string, body: (jailer: Jailer) => Promise<void>) => void {
  let shared: Promise<Jailer> | undefined;
  after(async () => {
    await (await shared)?.close();
  });
  const skip = cannotRun() ?? false;
  return (name, body) => {
    void test(name, { skip, timeout: 600_000 }, async (context) => {
      const jailer = await (shared ??= Jailer.install());
      try {
        await body(jailer);
        assert.deepEqual(await left(jailer), []);
      } catch (error) {
        for (const line of jailer.log()) context.diagnostic(line);
        // What this test left is no business of the next one.
        shared = undefined;
        await jailer.close();
        throw error;
      }
    });
  };
}

/** What ends by itself, as a process that was told to, is given time. */
async function left(jailer: Jailer): Promise<string[]> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = jailer.look();
    if (found.length === 0 || Date.now() > deadline) return found;
    await sleep(20);
  }
}

/** The hierarchies, or of version 2 the one, in which a container of this id has a cgroup. */
const hasCgroup = (id: string): boolean =>
  ['', ...entries('/sys/fs/cgroup')].some((name) => existsSync(join('/sys/fs/cgroup', name, 'jailer', id)));

/** The cgroups above those of containers, which runtimes leave; others may be using them. */
function removeParents(): void {
  for (const name of ['', ...entries('/sys/fs/cgroup')]) {
    const path = join('/sys/fs/cgroup', name, 'jailer');
    if (!existsSync(path)) continue;
    try {
      execFileSync('rmdir', [path], { stdio: 'ignore' });
    } catch {
      // Another's containers are in it.
    }
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there (yet), or a file
  }
}

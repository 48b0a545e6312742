import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import type { TestContext } from 'node:test';
import { buildNative, type Build } from './programs.js';

/** One line that the stand-in for the daemon wrote. */
export interface Entry {
  readonly pid: number;
  readonly role?: string;
  readonly words?: readonly string[];
  readonly argv0?: string;
  readonly execArgv?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly service?: string;
  readonly method?: string;
  readonly namespace?: string;
  readonly id?: string;
  readonly bundle?: string;
  readonly lock?: number;
}

export interface Result {
  /** exit status, or the signal's name */
  readonly status: number | string;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  /** what the stand-in does; `serve` by default */
  readonly fake?: string;
  readonly input?: Buffer;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** program and arguments that run the launcher, given before it */
  readonly through?: readonly string[];
}

/** An installation of the launcher, with the stand-in for the daemon, in a folder of its own. */
export interface Fixture {
  readonly directory: string;
  readonly launcher: string;
  readonly bundle: string;
  readonly socketDirectory: string;
  readonly runDirectory: string;
  /** containerd's socket, as in the flags */
  readonly address: string;
  configure(...lines: string[]): void;
  run(args: readonly string[], options?: RunOptions): Promise<Result>;
  start(
    options?: RunOptions & { id?: string; namespace?: string; flags?: readonly string[] },
  ): Promise<Result>;
  remove(options?: RunOptions & { id?: string; namespace?: string; bundle?: string }): Promise<Result>;
  /** what the stand-ins wrote so far */
  log(): Entry[];
  /** those that served */
  daemons(): number[];
  /** the socket and run directory of the key join(address, parts) */
  group(...parts: string[]): { socket: string; runDirectory: string };
  /** ends every daemon as SIGKILL does, and waits until its socket refuses connections */
  killDaemons(): Promise<void>;
}

export function createFixture(context: TestContext, build: Build = 'release'): Fixture {
  const programs = buildNative(build);
  const directory = mkdtempSync(join(tmpdir(), 'launcher-'));
  const path = (...parts: string[]): string => join(directory, ...parts);
  const [library, bundle] = [path('lib/containerd-shim-jail/src'), path('bundle')];
  for (const folder of [path('bin'), library, bundle]) mkdirSync(folder, { recursive: true });
  const launcher = path('bin/containerd-shim-runc-v2');
  copyFileSync(join(programs, 'containerd-shim-runc-v2'), launcher);
  copyFileSync(new URL('fake-daemon.js', import.meta.url), join(library, 'main.js'));
  writeFileSync(join(library, '../package.json'), '{"type":"module"}');

  const fixture: Fixture = {
    directory,
    launcher,
    bundle,
    socketDirectory: path('s'),
    runDirectory: path('run'),
    address: path('containerd.sock'),
    configure: (...lines) => {
      writeFileSync(path('shim.toml'), lines.map((line) => `${line}\n`).join(''));
    },
    run: (args, options = {}) => {
      const { fake = 'serve', input, cwd = bundle, environment = {}, through = [] } = options;
      const [program = launcher, ...rest] = [...through, launcher, ...args];
      const child = spawn(program, rest, {
        cwd,
        env: {
          PATH: process.env['PATH'],
          CONTAINERD_SHIM_JAIL_CONFIG: path('shim.toml'),
          FAKE: fake,
          FAKE_LOG: path('log'),
          ...environment,
        },
        stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      });
      return finish(child, input);
    },
    start: ({ id = 'box', namespace = 'space', flags = [], ...options } = {}) =>
      fixture.run(
        [
          '-namespace',
          namespace,
          '-address',
          fixture.address,
          '-id',
          id,
          '-publish-binary',
          'c',
          ...flags,
          'start',
        ],
        options,
      ),
    remove: ({ id = 'box', namespace = 'space', bundle: where = bundle, ...options } = {}) =>
      fixture.run(
        ['-namespace', namespace, '-address', fixture.address, '-id', id, '-bundle', where, 'delete'],
        options,
      ),
    log: () =>
      !existsSync(path('log'))
        ? []
        : readFileSync(path('log'), 'utf8')
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as Entry),
    daemons: () =>
      fixture
        .log()
        .filter(({ role }) => role === 'serve')
        .map(({ pid }) => pid),
    group: (...parts) => {
      const hash = createHash('sha256')
        .update(posix.join(fixture.address, ...parts))
        .digest('hex');
      return {
        socket: join(fixture.socketDirectory, hash),
        runDirectory: join(fixture.runDirectory, hash.slice(0, 16)),
      };
    },
    killDaemons: async () => {
      for (const pid of fixture.daemons()) await killDaemon(pid, directory);
    },
  };
  fixture.configure(`socket_dir = "${fixture.socketDirectory}"`, `run_dir = "${fixture.runDirectory}"`);
  context.after(async () => {
    await fixture.killDaemons();
    rmSync(directory, { recursive: true });
  });
  return fixture;
}

async function finish(child: ChildProcess, input: Buffer | undefined): Promise<Result> {
  const { stdin, stdout, stderr } = child;
  const collect = async (stream: AsyncIterable<Buffer> | null): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream ?? []) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      resolve(code ?? signal ?? 'unknown');
    });
  });
  // The launcher need not read all of it: containerd does not mind that either.
  stdin?.on('error', () => undefined);
  stdin?.end(input);
  const [status, output, errors] = await Promise.all([ended, collect(stdout), collect(stderr)]);
  return { status, stdout: output, stderr: errors.toString() };
}

/** Kills a daemon, which is no child of this process, and waits for its end. */
async function killDaemon(pid: number, directory: string): Promise<void> {
  if (!isAlive(pid, directory)) return;
  process.kill(pid, 'SIGKILL');
  // Nothing tells of the end of a process that is another's child.
  while (isAlive(pid, directory)) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Whether the process runs a program below the directory; on systems without /proc, whether it is there. */
export function isAlive(pid: number, directory: string): boolean {
  try {
    if (process.platform === 'linux')
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(directory);
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Names in a folder, sorted; none for a folder that is not there. */
export function names(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** The one line on stderr, without the program's name. */
export function complaint(result: Result): string {
  const match = /^containerd-shim-jail: (.*)\n$/.exec(result.stderr);
  return match?.[1] ?? `not one line: ${JSON.stringify(result.stderr)}`;
}

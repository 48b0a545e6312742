import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyboxImage, IMAGE } from './image.js';
import { output, Program, run, succeeded, type Outcome, type ProgramOptions } from './program.js';
import { removeRemains } from './remains.js';
import { installShim, stockSockets, underTest, type ShimName } from './shim.js';

export interface ContainerdOptions {
  /** which shim it finds as `containerd-shim-runc-v2`; absent: the one under test */
  readonly shim?: ShimName;
  /** lines for the shim's configuration, e.g. `idle_seconds = 1` */
  readonly shimConfig?: readonly string[];
  /** how much the shim logs; absent: everything, for the message of a failed test */
  readonly shimLogLevel?: 'info' | 'debug';
  /** directory of the programs `containerd` and `ctr`; absent: $E2E_CONTAINERD, else PATH */
  readonly programs?: string;
}

export interface CtrOptions extends ProgramOptions {
  /** appended to the instance's own namespace */
  readonly suffix?: string;
}

/**
 * A containerd of our own beside whatever the host runs: root, state, sockets and the shim's files lie in one
 * temporary folder, whose name is also the containerd namespace, and so the cgroup, of all its containers.
 */
export class Containerd {
  /** short, as socket paths may have 107 bytes (unix(7)) */
  readonly directory: string;
  readonly namespace: string;
  readonly shim: ShimName;
  readonly address: string;
  readonly environment: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;
  readonly #clients: Program[] = [];

  private constructor(options: ContainerdOptions) {
    this.directory = mkdtempSync('/tmp/csj-');
    this.namespace = basename(this.directory);
    this.shim = options.shim ?? underTest();
    this.address = join(this.directory, 'c.sock');
    const programs = options.programs ?? process.env['E2E_CONTAINERD'];
    const path = [programs, process.env['PATH']].filter((part) => part !== undefined && part !== '');
    this.environment = {
      ...process.env,
      PATH: path.join(':'),
      // ctr 2.x would complain of a host's cgroup v1 on the standard error of every container.
      CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS: '1',
      CONTAINERD_SHIM_JAIL_CONFIG: join(this.directory, 'shim.toml'),
    };
  }

  /** Starts one, with the tests' image in its store. It removes itself if the test process is interrupted. */
  static async start(options: ContainerdOptions = {}): Promise<Containerd> {
    const containerd = new Containerd(options);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        void containerd.close().finally(() => process.exit(130));
      });
    }
    try {
      await containerd.#prepare(options);
      await containerd.boot();
      await containerd.importImage();
    } catch (error) {
      await containerd.close();
      throw error;
    }
    return containerd;
  }

  /** Starts the daemon and waits until it answers. */
  async boot(): Promise<void> {
    const log = openSync(this.logFile, 'a');
    const child = spawn('containerd', ['--config', join(this.directory, 'config.toml')], {
      env: this.environment,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    await once(child, 'spawn');
    this.#process = child;
    await this.#ready(child);
  }

  /** Ends the daemon, not the containers, as an upgrade of containerd would. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Ends everything that ever ran here and removes every trace. */
  async close(): Promise<void> {
    await this.stop('SIGKILL');
    const sockets = stockSockets(this.directory);
    await removeRemains(this);
    for (const path of [...sockets, `/run/containerd/runc/${this.namespace}`]) {
      rmSync(path, { recursive: true, force: true });
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Runs `ctr` to its end. */
  ctr(args: readonly string[], options: CtrOptions = {}): Promise<Outcome> {
    return run(this.ctrCommand(args, options), { env: this.environment, ...options });
  }

  /** Runs a `ctr` that must succeed; its standard output without the last newline. */
  async tell(args: readonly string[], options: CtrOptions = {}): Promise<string> {
    return succeeded(await this.ctr(args, options)).stdout.trimEnd();
  }

  /** Starts `ctr` and leaves it running. */
  startCtr(args: readonly string[], options: CtrOptions = {}): Program {
    const program = new Program(this.ctrCommand(args, options), { env: this.environment, ...options });
    this.#clients.push(program);
    return program;
  }

  /** Ends what `startCtr` started and a failed test did not. */
  async endClients(): Promise<void> {
    for (const program of this.#clients.splice(0)) {
      program.child.kill('SIGKILL');
      await Promise.allSettled([program.outcome]);
    }
  }

  ctrCommand(args: readonly string[], options: CtrOptions = {}): string[] {
    return [
      'ctr',
      '--address',
      this.address,
      '--namespace',
      `${this.namespace}${options.suffix ?? ''}`,
      ...args,
    ];
  }

  async importImage(suffix = ''): Promise<void> {
    const archive = join(this.directory, 'image.tar');
    if (!existsSync(archive)) writeFileSync(archive, busyboxImage());
    await this.tell(['image', 'import', archive], { suffix });
  }

  get fifoDirectory(): string {
    return join(this.directory, 'fifo');
  }

  get logFile(): string {
    return join(this.directory, 'containerd.log');
  }

  /** containerd's log and the shim's, for the message of a failed test */
  logs(): string {
    return [this.logFile, join(this.directory, 'shim.log')]
      .filter((file) => existsSync(file))
      .map((file) => `--- ${file}\n${readFileSync(file, 'utf8').split('\n').slice(-60).join('\n')}`)
      .join('\n');
  }

  /** The directory that containerd makes for a container's shim. */
  bundle(id: string, suffix = ''): string {
    return join(this.directory, 'state', 'io.containerd.runtime.v2.task', `${this.namespace}${suffix}`, id);
  }

  async #prepare(options: ContainerdOptions): Promise<void> {
    mkdirSync(this.fifoDirectory);
    writeFileSync(join(this.directory, 'config.toml'), containerdConfig(this.directory));
    const lines = [
      `socket_dir = "${this.directory}/s"`,
      `run_dir = "${this.directory}/run"`,
      `log_file = "${this.directory}/shim.log"`,
      `log_level = "${options.shimLogLevel ?? 'debug'}"`,
      ...(options.shimConfig ?? []),
    ];
    writeFileSync(join(this.directory, 'shim.toml'), `${lines.join('\n')}\n`);
    const directory = await installShim(this.shim, join(this.directory, 'prefix'));
    if (directory !== undefined) this.environment['PATH'] = `${directory}:${this.environment['PATH'] ?? ''}`;
  }

  async #ready(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (!(await accepts(this.address))) {
      if (child.exitCode !== null) throw new Error(`containerd ended: ${this.logs()}`);
      if (Date.now() > deadline)
        throw new Error(`containerd does not listen on ${this.address}: ${this.logs()}`);
      await sleep(10);
    }
    await output(this.ctrCommand(['version']), { env: this.environment });
  }
}

/** Arguments of `ctr` for a new container of the tests' image. */
export function runArguments(
  containerd: Containerd,
  id: string,
  command: readonly string[],
  flags: readonly string[] = ['--rm'],
): string[] {
  return ['run', '--fifo-dir', containerd.fifoDirectory, ...flags, IMAGE, id, ...command];
}

/** Arguments of `ctr` for one more process in a container. */
export function execArguments(
  containerd: Containerd,
  id: string,
  execId: string,
  command: readonly string[],
  flags: readonly string[] = [],
): string[] {
  return [
    'task',
    'exec',
    '--fifo-dir',
    containerd.fifoDirectory,
    '--exec-id',
    execId,
    ...flags,
    id,
    ...command,
  ];
}

/** `E2E_LOG=debug` shows all that containerd does. */
const logLevel = process.env['E2E_LOG'] ?? 'info';

function containerdConfig(directory: string): string {
  const without = [
    'io.containerd.grpc.v1.cri',
    'io.containerd.cri.v1.images',
    'io.containerd.cri.v1.runtime',
    'io.containerd.internal.v1.opt',
    'io.containerd.nri.v1.nri',
    'io.containerd.snapshotter.v1.aufs',
    'io.containerd.snapshotter.v1.btrfs',
    'io.containerd.snapshotter.v1.devmapper',
    'io.containerd.snapshotter.v1.zfs',
  ];
  return `version = 2
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ${JSON.stringify(without)}
[grpc]
address = "${directory}/c.sock"
[debug]
level = "${logLevel}"
`;
}

async function accepts(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // not there or not listening yet
  } finally {
    socket.destroy();
  }
}

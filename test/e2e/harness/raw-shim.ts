import { createServer as createListener } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { unpack } from '../../../src/proto/any.js';
import {
  TaskCreate,
  TaskDelete,
  TaskExit,
  TaskStart,
  type CreateTaskRequest,
  type ExecProcessRequest,
} from '../../../src/proto/generated/messages.js';
import { Events, TaskV2 } from '../../../src/proto/generated/services.js';
import type { UnaryMethod } from '../../../src/proto/service.js';
import { createClient, type Client } from '../../../src/ttrpc/client.js';
import { createServer, type Server } from '../../../src/ttrpc/server.js';
import { createService, implement } from '../../../src/ttrpc/service.js';
import { busyboxRootfs } from './image.js';
import type { Place } from './leftovers.js';
import { output, run, succeeded, type Outcome } from './program.js';
import { rawSpec, type RawSpec } from './raw-spec.js';
import { removeRemains } from './remains.js';
import { installShim } from './shim.js';

const methods = TaskV2.methods;
const nothing = new Uint8Array();

export interface RawShimOptions {
  /** lines for the shim's configuration */
  readonly shimConfig?: readonly string[];
  /** KiB of a file system that is only for the daemon's own files: its store and its OCI runtime's */
  readonly diskSize?: number;
}

/**
 * The shim with a test in containerd's place: it is started by its launcher, with a bundle, and is then sent over ttrpc
 * what no containerd would send. What it publishes is taken and kept.
 */
export class RawShim implements Place {
  readonly directory = mkdtempSync('/tmp/csj-');
  readonly namespace = basename(this.directory);
  readonly shim = 'ours';
  readonly fifoDirectory = join(this.directory, 'fifo');
  /** `topic container` of each event, in the order in which they came */
  readonly events: string[] = [];
  #client: Client | undefined;
  #socket = '';
  #server: Server | undefined;

  /** Installs the shim and takes its events; the daemon comes with the first `launch`. */
  static async install(options: RawShimOptions = {}): Promise<RawShim> {
    const shim = new RawShim();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        void shim.close().finally(() => process.exit(130));
      });
    }
    try {
      if (options.diskSize !== undefined) await mountDisk(shim.runDirectory, options.diskSize);
      await shim.#prepare(options.shimConfig ?? []);
    } catch (error) {
      await shim.close();
      throw error;
    }
    return shim;
  }

  get runDirectory(): string {
    return join(this.directory, 'run');
  }

  /** the path of the socket on which the daemon serves this namespace */
  get socket(): string {
    return this.#socket;
  }

  /** Runs the launcher to its end, in the bundle as containerd does. */
  launcher(action: 'start' | 'delete', id: string, bundle: string): Promise<Outcome> {
    const flags = ['-namespace', this.namespace, '-address', join(this.directory, 'c.sock'), '-id', id];
    const program = join(this.directory, 'prefix/bin/containerd-shim-runc-v2');
    const more = action === 'delete' ? ['-bundle', bundle] : [];
    return run([program, ...flags, ...more, action], {
      cwd: bundle,
      env: { PATH: process.env['PATH'], CONTAINERD_SHIM_JAIL_CONFIG: join(this.directory, 'shim.toml') },
    });
  }

  /** Starts the daemon, or finds it, and connects. */
  async connect(): Promise<void> {
    const bundle = await this.bundle('launched', ['true']);
    const { stdout } = succeeded(await this.launcher('start', 'launched', bundle));
    this.#socket = stdout.replace(/^unix:\/\//, '');
    this.#client?.close();
    this.#client = createClient(this.#socket);
    this.removeBundle('launched');
  }

  /** Fields that are left out have their default values. */
  call<Req extends object, Res>(method: UnaryMethod<Req, Res>, request: Partial<Req> = {}): Promise<Res> {
    return this.client.call(TaskV2.name, method, { ...method.request.decode(nothing), ...request });
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('connect() comes first');
    return this.#client;
  }

  /** Makes a bundle whose program runs on an unpacked busybox. @returns its path */
  async bundle(
    id: string,
    args: readonly string[],
    change: (spec: RawSpec) => unknown = () => undefined,
  ): Promise<string> {
    const path = join(this.directory, 'b', id);
    mkdirSync(path, { recursive: true });
    const spec = rawSpec(await this.rootfs(), `/${this.namespace}/${id}`, args);
    change(spec);
    writeFileSync(join(path, 'config.json'), JSON.stringify(spec));
    return path;
  }

  removeBundle(id: string): void {
    rmSync(join(this.directory, 'b', id), { recursive: true, force: true });
  }

  /** Creates a container; answers its pid. */
  async create(id: string, args: readonly string[], more: Partial<CreateTaskRequest> = {}): Promise<number> {
    const { terminal = false } = more;
    const bundle = await this.bundle(id, args, (spec) => Object.assign(spec.process, { terminal }));
    return (await this.call(methods.Create, { id, bundle, ...more })).pid;
  }

  async start(id: string, execId = ''): Promise<number> {
    return (await this.call(methods.Start, { id, execId })).pid;
  }

  /** Creates and starts a container that runs until it is killed. */
  async run(
    id: string,
    args: readonly string[] = ['sleep', '1000000'],
    more: Partial<CreateTaskRequest> = {},
  ): Promise<void> {
    await this.create(id, args, more);
    await this.start(id);
  }

  /** Ends a container, whatever its state, and removes it. */
  async remove(id: string): Promise<void> {
    const { status } = await this.call(methods.State, { id });
    if (status === 4) await this.call(methods.Resume, { id });
    if (status !== 3) await this.call(methods.Kill, { id, signal: 9 });
    await this.call(methods.Wait, { id });
    await this.call(methods.Delete, { id });
    this.removeBundle(id);
  }

  exec(id: string, execId: string, more: Partial<ExecProcessRequest>): Promise<unknown> {
    return this.call(methods.Exec, { id, execId, ...more });
  }

  /** Ends everything and removes every trace. */
  async close(): Promise<void> {
    this.#client?.close();
    this.#server?.close();
    await removeRemains(this);
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #prepare(lines: readonly string[]): Promise<void> {
    mkdirSync(this.fifoDirectory);
    const config = [
      `socket_dir = "${this.directory}/s"`,
      `run_dir = "${this.runDirectory}"`,
      `log_file = "${this.directory}/shim.log"`,
      'log_level = "debug"',
      ...lines,
    ];
    writeFileSync(join(this.directory, 'shim.toml'), `${config.join('\n')}\n`);
    await installShim('ours', join(this.directory, 'prefix'));
    const listener = createListener().listen(join(this.directory, 'c.sock.ttrpc'));
    await once(listener, 'listening');
    this.#server = createServer([this.#eventService()]);
    this.#server.serve(listener);
  }

  #eventService(): ReturnType<typeof createService> {
    const types = { TaskCreate, TaskStart, TaskExit, TaskDelete };
    return createService(Events.name, [
      implement(Events.methods.Forward, ({ envelope }) => {
        const event = envelope?.event;
        const type = Object.values(types).find(({ typeName }) => typeName === event?.typeUrl);
        const whose =
          type === undefined || !event ? '' : unpack<{ containerId: string }>(type, event).containerId;
        this.events.push(`${envelope?.topic ?? ''} ${whose}`);
        return {};
      }),
    ]);
  }

  #rootfs: Promise<string> | undefined;

  /** An unpacked busybox, for all bundles. */
  rootfs(): Promise<string> {
    return (this.#rootfs ??= unpackBusybox(join(this.directory, 'rootfs')));
  }
}

async function unpackBusybox(path: string): Promise<string> {
  mkdirSync(path);
  await output(['tar', '--extract', '--directory', path], { input: busyboxRootfs() });
  return path;
}

async function mountDisk(path: string, size: number): Promise<void> {
  mkdirSync(path);
  await output(['mount', '-t', 'tmpfs', '-o', `size=${size}k,mode=755`, 'tmpfs', path]);
}

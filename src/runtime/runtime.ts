import type { ContainerKey } from './key.js';
import type { Journal } from './journal.js';
import type { Resources, Spec, ProcessSpec } from './spec.js';

/** How a process ended, as containerd counts it: the exit code, or 128 plus the signal that killed it. */
export interface Exit {
  readonly status: number;
  /** when the shim noticed, in milliseconds since 1970 */
  readonly at: number;
}

/** A file system that containerd wants mounted on the root (containerd.types.Mount). */
export interface RootfsMount {
  readonly type: string;
  readonly source: string;
  /** path below the root; empty for the root itself */
  readonly target: string;
  readonly options: readonly string[];
}

/** containerd.runc.v1.Options, of which a runtime takes what has a meaning for it. */
export interface RuntimeOptions {
  readonly noPivotRoot: boolean;
  readonly noNewKeyring: boolean;
  readonly systemdCgroup: boolean;
  readonly binaryName: string;
  readonly root: string;
  /** owner of the pipes that the container reads and writes */
  readonly ioUid: number;
  readonly ioGid: number;
}

/** What a process reads and writes: descriptors of this daemon, or a terminal that the runtime makes. */
export type ProcessStdio =
  | { readonly terminal: false; readonly fds: readonly [number, number, number]; release(): void }
  | {
      readonly terminal: true;
      /** takes ownership of the master side of the pty, and of a slave that keeps it open until the process has ended */
      attach(master: number, slave?: number): void;
      /** the master side, while it is open */
      master(): number | undefined;
    };

export interface CreateRequest {
  readonly key: ContainerKey;
  readonly bundle: string;
  readonly spec: Spec;
  readonly rootfs: readonly RootfsMount[];
  readonly options: RuntimeOptions;
  readonly stdio: ProcessStdio;
  readonly journal: Journal;
}

export interface ExecRequest {
  readonly execId: string;
  readonly process: ProcessSpec;
  readonly stdio: ProcessStdio;
}

/** Data whose meaning the type url gives (google.protobuf.Any). */
export interface TypedBytes {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** A process that was launched. */
export interface RuntimeProcess {
  readonly pid: number;
  /** resolves once, when the process is gone; never rejects */
  readonly exited: Promise<Exit>;
  /** @throws RuntimeError not-found when the process is gone; an error of the kernel, which has not sent it then */
  signal(signal: number): Promise<void>;
  /** does nothing without a terminal; sizes are in characters */
  resize(width: number, height: number): void;
}

/** A container that was created. Calls that follow `remove` are errors of the caller. */
export interface RuntimeContainer {
  readonly init: RuntimeProcess;
  /** lets the init process, which waits since create, run the container's program */
  start(): Promise<void>;
  exec(request: ExecRequest): Promise<RuntimeProcess>;
  /** sends the signal to every process of the container */
  signalAll(signal: number): Promise<void>;
  /** true when the kernel ends every process of the container together with init */
  readonly endsWithInit: boolean;
  /** pids, as the host knows them, of all processes of the container */
  pids(): Promise<number[]>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  update(resources: Resources): Promise<void>;
  stats(): Promise<TypedBytes>;
  /** true if the kernel killed a process of this container for memory since the last call */
  outOfMemory(): boolean;
  onOutOfMemory(listener: () => void): void;
  /** kills what still runs, and removes all that create made; may be called again after it failed */
  remove(): Promise<void>;
}

/** Turns an OCI bundle into a running container. The Task service knows no more of it than this. */
export interface Runtime {
  readonly name: string;
  /** What a create that fails had made is in the journal still, and removed by `cleanUp`, which the caller then calls. */
  create(request: CreateRequest): Promise<RuntimeContainer>;
  /**
   * Removes what a daemon that died had made for a container, by its journal alone. Calling it again,
   * or for a container of which nothing is left, does nothing.
   */
  cleanUp(key: ContainerKey, bundle: string, journal: Journal): Promise<void>;
  /** OCI features document (runtime-spec features.md), for `-info` */
  features(): Promise<unknown>;
}

import type { HostCalls } from '../kernel/host.js';
import type { Boot } from '../runtime/boot.js';
import type { ContainerKey } from '../runtime/key.js';
import type { Runtime } from '../runtime/runtime.js';
import type { Config } from './config.js';

export interface HostOptions {
  readonly config: Config;
  /** folder of the daemon's own files */
  readonly runDirectory: string;
  readonly warn: (key: ContainerKey, message: string) => void;
  /** told of what goes wrong when no call is there to fail */
  readonly report: (error: unknown) => void;
}

/** The host's kernel, and the runtime that makes containers of it. */
export interface Host {
  readonly calls: HostCalls;
  readonly runtime: Runtime;
  /** What of the machine's boot tells whether records of containers still hold. */
  readonly boot: Boot;
  /** Begins to adopt and collect the processes of containers; before the first `create`, by the daemon alone. */
  adopt(): Promise<void>;
  /**
   * Takes back what is held for containers that are no more and that nobody remembers; nobody has to wait for it. By the
   * daemon alone, once. Never rejects: what fails is reported.
   */
  sweep(): Promise<void>;
  /** Ends the runtime and the calls; containers stay as they are. */
  close(): Promise<void>;
}

/** What differs from one system to another. */
export interface HostSystem {
  /** @throws Error if this is another system, or one without what is needed */
  openHost(options: HostOptions): Promise<Host>;
  /** What the runtime can do, as the runtime spec's features.md words it. */
  readFeatures(config: Config): Promise<object>;
}

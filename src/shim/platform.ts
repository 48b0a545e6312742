import { hostPlatform } from '../kernel/local.js';
import type { Platform } from '../kernel/kernel.js';
import type { HostSystem } from './host.js';

/** A system that the daemon runs on. */
export interface HostPlatform {
  /** Where the configuration file is. */
  readonly configDirectory: string;
  /** Where images and containers of `jailer` are, unless configured. */
  readonly dataDirectory: string;
  /** Where daemons and networks keep their own files, unless configured: the launcher's default. */
  readonly runDirectory: string;
  /** Loads the code for it: that of the other systems costs nothing. */
  load(): Promise<HostSystem>;
}

/** The only place that chooses by system. */
const platforms: Readonly<Record<Platform, HostPlatform>> = {
  linux: {
    configDirectory: '/etc',
    dataDirectory: '/var/lib/containerd-shim-jail',
    runDirectory: '/run/containerd-shim-jail',
    load: async () => (await import('./linux-host.js')).linuxHost,
  },
  freebsd: {
    configDirectory: '/usr/local/etc',
    dataDirectory: '/var/db/containerd-shim-jail',
    runDirectory: '/var/run/containerd-shim-jail',
    load: async () => (await import('./freebsd-host.js')).freebsdHost,
  },
};

/** The one that this process runs on. @throws Error if there is no support for it */
export function platformOf(name: Platform = hostPlatform()): HostPlatform {
  return platforms[name];
}

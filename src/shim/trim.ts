import type { HostCalls } from '../kernel/host.js';

/** Makes a daemon at rest small: collects garbage, and gives back the memory that the host's kernel may have. */
export function trimMemory(calls: Pick<HostCalls, 'giveBackMemory'>): void {
  // There with --expose-gc, as the launcher starts the daemon.
  globalThis.gc?.();
  calls.giveBackMemory();
}

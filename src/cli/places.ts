import { join } from 'node:path';

/** Where `jailer` keeps what it makes, and the daemon's launcher. */
export interface Places {
  /** images, roots and containers; another `jailer` with another one knows nothing of these */
  readonly data: string;
  /** the launcher, `containerd-shim-runc-v2` */
  readonly launcher: string;
}

/** The namespace of jailer's containers in the daemon; jails are called `jailer@ID`. */
export const namespace = 'jailer';

export const containersFolder = (places: Places): string => join(places.data, 'containers');

/** The bundle of a container: its config.json, its log, and the FIFOs of its processes. */
export const bundleOf = (places: Places, id: string): string => join(containersFolder(places), id);

/** Locked by whoever makes, starts or removes a container. */
export const lockOf = (places: Places, id: string): string => join(containersFolder(places), `${id}.lock`);

/** Where the output of a detached container goes, of both its streams. */
export const logOf = (places: Places, id: string): string => join(bundleOf(places, id), 'output');

/**
 * Stands for containerd's socket, by which daemons are told apart: each data directory has daemons of its own. Nobody
 * listens there; events are asked of the daemon itself.
 */
export const addressOf = (places: Places): string => join(places.data, 'jailer.sock');

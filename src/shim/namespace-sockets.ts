import { createHash } from 'node:crypto';
import { chmodSync, unlinkSync } from 'node:fs';
import { createServer as createListener } from 'node:net';
import { join, posix } from 'node:path';
import type { Server } from '../ttrpc/server.js';

/**
 * containerd 1.6 does not say which namespace a call is for, as a shim of its own kind serves only one.
 * So a daemon of all namespaces has a socket for each, made when its first container comes.
 */
export interface NamespaceSockets {
  /** The path of the namespace's socket, which is open from then on. */
  open(namespace: string): Promise<string>;
  /** Removes the names of all of them, so that nobody new connects. */
  unlink(): void;
  /** Resolves when all their connections are closed. */
  close(): Promise<void>;
}

export interface NamespaceSocketsOptions {
  readonly folder: string;
  /** containerd's gRPC socket */
  readonly address: string;
  readonly serve: (namespace: string) => Server;
}

/**
 * The socket of a namespace. A daemon for this namespace alone has another: when the grouping was configured anew, both
 * live side by side until the older one has no more containers.
 */
export function namespaceSocket(folder: string, address: string, namespace: string): string {
  const key = `tasks of ${posix.join(address, namespace)}`;
  return join(folder, createHash('sha256').update(key).digest('hex'));
}

export function createNamespaceSockets(options: NamespaceSocketsOptions): NamespaceSockets {
  const { folder, address, serve } = options;
  const paths = new Map<string, Promise<string>>();
  const servers: Server[] = [];

  const open = async (namespace: string): Promise<string> => {
    const path = namespaceSocket(folder, address, namespace);
    // Left by a daemon that was killed: while this one lives no other has the right to the name.
    removeSocket(path);
    const listener = createListener();
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(path, resolve);
    });
    chmodSync(path, 0o600);
    const server = serve(namespace);
    servers.push(server);
    server.serve(listener);
    return path;
  };

  return {
    open: (namespace) => {
      const known = paths.get(namespace) ?? open(namespace);
      paths.set(namespace, known);
      known.catch(() => paths.delete(namespace));
      return known;
    },
    unlink: () => {
      for (const namespace of paths.keys()) removeSocket(namespaceSocket(folder, address, namespace));
    },
    close: async () => {
      await Promise.all(servers.map((server) => server.shutdown()));
    },
  };
}

/** Removes a socket's name, which may be gone already. */
export function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

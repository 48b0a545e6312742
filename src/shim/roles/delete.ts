import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DeleteResponse } from '../../proto/generated/messages.js';
import { reason } from '../../runtime/error.js';
import { checkIdentifier } from '../../runtime/key.js';
import { keepToBoot } from '../../store/boot.js';
import { containerStore } from '../../store/containers.js';
import { openStore } from '../../store/database.js';
import { parseArguments, requireArguments } from '../arguments.js';
import { configPath, readConfig } from '../config.js';
import { killedNow } from '../killed.js';
import { namespaceSocket, removeSocket } from '../namespace-sockets.js';
import { removeLeftOver } from '../left-over.js';
import { platformOf } from '../platform.js';

/**
 * Removes a container whose daemon is gone, by the store's list, and prints a DeleteResponse. The
 * launcher holds the lock, so that no daemon starts meanwhile.
 */
export async function deleteContainer(args: readonly string[]): Promise<void> {
  try {
    const { namespace, id, bundle, address, socket, runDirectory } = requireArguments(
      parseArguments(args),
      'namespace',
      'id',
      'runDirectory',
    );
    checkIdentifier('namespace', namespace);
    checkIdentifier('container id', id);
    const pid = await remove(namespace, id, bundle, runDirectory);
    if (socket !== '') {
      removeSocket(socket);
      removeSocket(namespaceSocket(dirname(socket), address, namespace));
    }
    process.stdout.write(DeleteResponse.encode(killedNow(pid)));
  } catch (error) {
    process.stderr.write(`containerd-shim-jail: delete: ${reason(error)}\n`);
    process.exitCode = 1;
  }
}

async function remove(namespace: string, id: string, bundle: string, runDirectory: string): Promise<number> {
  const path = join(runDirectory, 'state.db');
  // A daemon that ended as it should has left none, and no container.
  if (!existsSync(path)) return pidOfBundle(bundle);
  const config = readConfig(configPath());
  const system = await platformOf().load();
  const host = await system.openHost({
    config,
    runDirectory,
    warn: (key, message) => {
      process.stderr.write(`containerd-shim-jail: ${key.id}: ${message}\n`);
    },
    report: (error) => {
      process.stderr.write(`containerd-shim-jail: ${reason(error)}\n`);
    },
  });
  try {
    const database = openStore(path);
    try {
      keepToBoot(database, host.boot);
      const row = await removeLeftOver(containerStore(database), host.runtime, { namespace, id });
      return row?.pid ?? pidOfBundle(bundle);
    } finally {
      database.close();
    }
  } finally {
    await host.close();
  }
}

/** The pid that crun or runc wrote, for a container that the store does not know (any more). */
function pidOfBundle(bundle: string): number {
  try {
    const text = readFileSync(join(bundle, 'init.pid'), 'utf8');
    return /^\d{1,9}$/.test(text.trim()) ? Number(text) : 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return 0;
  }
}

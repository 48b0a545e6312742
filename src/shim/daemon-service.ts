import type { DeleteResponse } from '../proto/generated/messages.js';
import { Daemon } from '../proto/generated/services.js';
import { checkIdentifier, keyString, type ContainerKey } from '../runtime/key.js';
import { ended } from '../task/service.js';
import { toStatus } from '../task/status.js';
import type { Tasks } from '../task/tasks.js';
import { createService, implement, type Service } from '../ttrpc/service.js';
import { Code, StatusError } from '../ttrpc/status.js';
import type { Idle } from './idle.js';
import { killedNow } from './killed.js';
import type { LeftOvers } from './left-over.js';

/** The launcher has this long from its reservation to containerd's Create. */
const reservation = 60_000;

export interface DaemonServiceHost {
  readonly tasks: Tasks;
  readonly leftOvers: Pick<LeftOvers, 'clear' | 'takePid'>;
  readonly idle: Idle;
  /** true once the daemon is on its way out, and takes no more containers */
  ending(): boolean;
  /** the socket for the tasks of a namespace, open */
  socketFor(namespace: string): Promise<string>;
  /** told of the bundle of every container that is about to be created */
  follow(bundle: string): void;
}

/** What the launcher asks of a running daemon. */
export function daemonService(host: DaemonServiceHost): Service {
  const { tasks, leftOvers, idle } = host;
  return createService(Daemon.name, [
    implement(Daemon.methods.Reserve, async ({ namespace, id, bundle }) => {
      if (host.ending()) throw new StatusError(Code.Unavailable, 'the daemon is about to end');
      const key = checkedKey(namespace, id);
      host.follow(bundle);
      idle.reserve(keyString(key), reservation);
      return { pid: process.pid, socket: await host.socketFor(namespace) };
    }),
    implement(Daemon.methods.Cleanup, async ({ namespace, id }): Promise<DeleteResponse> => {
      const key = checkedKey(namespace, id);
      try {
        const init = await tasks.removeByForce(key);
        if (init !== undefined) return ended(init);
        const pid = await leftOvers.clear(key);
        const earlier = leftOvers.takePid(key);
        return killedNow(pid ?? earlier ?? 0);
      } catch (error) {
        throw toStatus(error);
      } finally {
        idle.release(keyString(key));
        idle.check();
      }
    }),
  ]);
}

function checkedKey(namespace: string, id: string): ContainerKey {
  try {
    checkIdentifier('namespace', namespace);
    checkIdentifier('container id', id);
  } catch (error) {
    throw toStatus(error);
  }
  return { namespace, id };
}

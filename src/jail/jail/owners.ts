import { isKernelError } from '../../kernel/error.js';
import { closeOnExec } from '../../kernel/freebsd/descriptor.js';
import { close } from '../../kernel/freebsd/file.js';
import { setJail, setOwnedJail, type OwnedJail } from '../../kernel/freebsd/jail.js';
import type { JailParameters } from '../../kernel/freebsd/jail-parameters.js';
import { isLocal, run, runNow, type FreeBSD, type LocalFreeBSD } from '../../kernel/freebsd/run.js';

/**
 * The descriptors by which this process owns its jails, where the kernel has such: it removes a jail when its descriptor is
 * closed, however that comes about. So the jails of a daemon that is killed go at once, those half made as well.
 */
export interface JailOwners {
  /** Makes a jail, and owns it if that can be. Answers its jid. */
  create(parameters: JailParameters): Promise<number>;
  /** Closes the descriptor of the jail of this full name, which removes it; does nothing if there is none. */
  release(name: string): Promise<void>;
}

export function jailOwners(system: FreeBSD): JailOwners {
  const descriptors = new Map<string, number>();
  let possible = system.bindings.constants.JAIL_OWN_DESC !== undefined;
  const unowned = (parameters: JailParameters): Promise<number> => {
    return run(system, (b) => setJail(b, parameters, { operation: 'create' }));
  };
  return {
    create: async (parameters) => {
      // By way of another process it would be that one whose end counts.
      if (!possible || !isLocal(system)) return unowned(parameters);
      try {
        const { jid, descriptor } = createOwned(system, parameters);
        descriptors.set(parameters.name ?? String(jid), descriptor);
        return jid;
      } catch (error) {
        // The kernel says nothing of a flag that it does not know: one of 15 from before there were these descriptors.
        if (!isKernelError(error, 'EINVAL') || error.detail !== '') throw error;
        const jid = await unowned(parameters);
        possible = false;
        return jid;
      }
    },
    release: async (name) => {
      const descriptor = descriptors.get(name);
      if (descriptor === undefined) return;
      descriptors.delete(name);
      const closed = await run(system, (b) => b.attempt(() => close(b, descriptor)));
      // Whatever else it says, close(2) has let go of the descriptor.
      if (isKernelError(closed, 'EBADF')) throw closed;
    },
  };
}

/** Nothing of this process runs in between, and so no child is made that would have the descriptor as well. */
function createOwned(system: LocalFreeBSD, parameters: JailParameters): OwnedJail {
  const made = runNow(system, (b) => setOwnedJail(b, parameters, { operation: 'create' }));
  try {
    runNow(system, (b) => closeOnExec(b, made.descriptor));
    return made;
  } catch (error) {
    runNow(system, (b) => b.attempt(() => close(b, made.descriptor)));
    throw error;
  }
}

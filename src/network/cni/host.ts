import type { ChildMaker } from '../../kernel/child.js';
import type { FreeBSD } from '../../kernel/freebsd/run.js';
import { openNetworks } from '../open.js';
import { withinJail } from '../within.js';
import type { OpenCniHost } from './plugin.js';

/** The kernel that jails are made by, and what makes processes on its machine. */
export interface CniKernel {
  readonly system: FreeBSD;
  readonly children: ChildMaker;
  close(): void | Promise<void>;
}

/**
 * The host that the plugin works with: a kernel, and the database that daemons use at the same time.
 *
 * @param folder see `networksFolder`
 * @param warn told, in one line, what does not work but is no reason to fail
 */
export function cniHost(
  openKernel: () => Promise<CniKernel>,
  folder: string,
  warn: (message: string) => void,
): OpenCniHost {
  return async (networks) => {
    const kernel = await openKernel();
    const { system, children } = kernel;
    try {
      const opened = await openNetworks(system, folder, networks, warn);
      return {
        ...opened.host,
        attachments: opened.attachments,
        within: (jid, body) => withinJail(system, children, jid, body),
        close: async () => {
          opened.close();
          await kernel.close();
        },
      };
    } catch (error) {
      await kernel.close();
      throw error;
    }
  };
}

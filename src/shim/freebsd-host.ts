import { fileURLToPath } from 'node:url';
import { jailFeatures } from '../jail/features.js';
import { spawnedChildren } from '../kernel/agent/children.js';
import { openFreeBSD } from '../kernel/freebsd/open.js';
import { openLocalKernel } from '../kernel/local.js';
import { spawnChild } from '../runtime/children.js';
import type { HostSystem } from './host.js';
import { openJailHost } from './jail-host.js';

/** Installed beside the daemon, and built beside it. */
const agent = fileURLToPath(new URL('../../native/agent', import.meta.url));

/** FreeBSD: containers are jails. */
export const freebsdHost: HostSystem = {
  openHost: async (options) => {
    const kernel = openLocalKernel(options.config.ffi);
    try {
      const { bindings } = await openFreeBSD(kernel, process.arch);
      const host = await openJailHost({ kernel, bindings }, options, (exits) =>
        spawnedChildren(agent, { exits, bindings, spawn: spawnChild }),
      );
      return {
        ...host,
        close: async () => {
          await host.close();
          kernel.close();
        },
      };
    } catch (error) {
      kernel.close();
      throw error;
    }
  },
  readFeatures: () => Promise.resolve(jailFeatures),
};

import { keyString } from '../runtime/key.js';
import type { Runtime } from '../runtime/runtime.js';
import { cleanUp } from './clean-up.js';
import { jailContainer } from './container.js';
import { createJail } from './create.js';
import { jailFeatures } from './features.js';
import { jailOwners } from './jail/owners.js';
import type { RuntimeTools } from './tools.js';

/** The runtime that makes containers of jails: for FreeBSD. */
export function jailRuntime(given: RuntimeTools): Runtime {
  const tools = { ...given, owners: jailOwners(given.system) };
  // A pod's members lie in the jail of its sandbox, and are containers of their own.
  const jids = new Map<string, number>();
  return {
    name: 'jail',
    create: async (request) => {
      const name = keyString(request.key);
      const created = await createJail(tools, request);
      jids.set(name, created.jail.jid);
      const others = () => [...jids].filter(([other]) => other !== name).map(([, jid]) => jid);
      const container = jailContainer(tools, request, created, others);
      return {
        ...container,
        remove: async () => {
          await container.remove();
          jids.delete(name);
        },
      };
    },
    cleanUp: (key, _bundle, journal) => cleanUp(tools, key, journal),
    features: () => Promise.resolve(jailFeatures),
  };
}

import { haveJailParameters } from '../../kernel/freebsd/jail.js';
import type { JailValueName } from '../../kernel/freebsd/jail-parameters.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';

/** Which parameters of jails a kernel has. */
export interface ParameterProbe {
  /** At most one round trip, and none for what was there before. */
  have(names: readonly JailValueName[]): Promise<ReadonlySet<JailValueName>>;
}

/**
 * Parameters come with modules while the system runs: what is there is remembered, what is not is asked for again. That
 * a module is unloaded again is not expected; jail_set(2) says so then.
 */
export function parameterProbe(system: FreeBSD): ParameterProbe {
  const known = new Set<JailValueName>();
  return {
    have: async (names) => {
      const open = names.filter((name) => !known.has(name));
      if (open.length > 0) {
        const answers = await run(system, (b) => haveJailParameters(b, open));
        for (const name of open) if (answers[name]) known.add(name);
      }
      return known;
    },
  };
}

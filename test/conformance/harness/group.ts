import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Release } from '../../../src/kernel/bindings/types.js';
import { Case } from './case.js';
import { inventory } from './inventory.js';
import { machineSources, type Simulated } from './sources.js';
import { standardModules } from '../../model/system.js';
import type { Machine } from './machine.js';
import { missing, type Need } from './needs.js';

/** What a case asks of the machine. */
export interface On {
  /** The releases that the fact is known of; all by default. */
  readonly releases?: readonly Release[];
  readonly needs?: readonly Need[];
  /** What the case rests on, if that is not what its group rests on. */
  readonly fact?: string;
}

/** Releases for facts that were seen on 12 only, and may differ later. */
export const on12: On = { releases: [12] };
export const since13: On = { releases: [13, 14, 15] };

/** States one thing that FreeBSD does. */
export type States = (what: string, body: (c: Case) => Promise<void>, on?: On) => void;

/** What simulated machines have, so that none lacks what all cases of a group need. */
function simulatedFor(needs: readonly Need[]): Simulated {
  return {
    accounting: !needs.includes('no accounting'),
    ...(needs.includes('no zfs') ? { loadable: [] } : {}),
    ...(needs.includes('zfs') ? { modules: [...standardModules, 'zfs'], mounted: 'tank/a' } : {}),
  };
}

/**
 * Cases about one subject. They run on each machine in turn; each leaves it as it was found.
 *
 * @param fact what the cases rest on: where it is said, or on which release it was seen
 * @param common what all cases of the group ask of the machine
 */
export function group(
  subject: string,
  fact: string,
  define: (states: States) => void,
  common: On = {},
): void {
  for (const source of machineSources(undefined, simulatedFor(common.needs ?? []))) {
    describe(`${subject} (${fact}), on ${source.name}`, () => {
      let machine: Machine;
      before(async () => {
        machine = await source.open();
      });
      after(() => machine.close());
      define((what, body, on = {}) => {
        const releases = on.releases ?? common.releases ?? [12, 13, 14, 15];
        if (source.release !== undefined && !releases.includes(source.release)) return;
        it(on.fact === undefined ? what : `${what} (${on.fact})`, async (t) => {
          if (!releases.includes(machine.release)) {
            t.skip(`is about FreeBSD ${releases.join(', ')}, not ${machine.release}`);
            return;
          }
          const lacks = await missing(machine, [...(common.needs ?? []), ...(on.needs ?? [])]);
          if (lacks !== undefined) t.skip(lacks);
          else await runCase(machine, body);
        });
      });
    });
  }
}

async function runCase(machine: Machine, body: (c: Case) => Promise<void>): Promise<void> {
  const found = await inventory(machine.system);
  const c = new Case(machine);
  const failure = await body(c).then(
    () => undefined,
    (reason: unknown) => ({ reason }),
  );
  try {
    await c.finish();
  } catch (error) {
    // What went wrong first says more.
    throw failure?.reason ?? error;
  }
  if (failure !== undefined) throw failure.reason;
  assert.deepEqual(await inventory(machine.system), found, 'what the case left behind');
}

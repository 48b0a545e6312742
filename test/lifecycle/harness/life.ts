import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isKernelError } from '../../../src/kernel/error.js';
import { listProcesses } from '../../../src/kernel/freebsd/process-list.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { Case } from '../../conformance/harness/case.js';
import { inventory } from '../../conformance/harness/inventory.js';
import type { Machine } from '../../conformance/harness/machine.js';
import { missing, type Need } from '../../conformance/harness/needs.js';
import type { Simulated } from '../../conformance/harness/sources.js';
import { machinesForLife, programFor, type ProgramKind } from './machines.js';
import { startService, type Service } from './service.js';

/** States what containers do. It is skipped, with the reason, on a machine that lacks something that it needs. */
export type Lives = (
  what: string,
  body: (service: Service) => Promise<void>,
  needs?: readonly Need[],
) => void;

/** What is special about the machines of some cases. */
export interface Circumstances {
  /** whose program the containers have; FreeBSD's by default */
  readonly program?: ProgramKind;
  /** simulated machines; they have accounting by default */
  readonly simulated?: Simulated;
}

/** Cases about one part of a container's life, each with a service of its own, on each machine in turn. */
export function life(
  subject: string,
  define: (lives: Lives) => void,
  { program = 'FreeBSD', simulated = { accounting: true } }: Circumstances = {},
): void {
  for (const source of machinesForLife(simulated)) {
    describe(`${subject}, on ${source.name}`, () => {
      let machine: Machine;
      before(async () => {
        machine = throughProcess(await source.open());
      });
      after(() => machine.close());
      define((what, body, needs = []) => {
        it(what, async (t) => {
          const lacks = await missing(machine, ['processes', ...needs]);
          if (lacks !== undefined) t.skip(lacks);
          else await liveThrough(machine, program, body);
        });
      });
    });
  }
}

/** The same machine, where one process makes all calls and has all children: descriptors are its own. */
function throughProcess(machine: Machine): Machine {
  const { process, system } = machine;
  return process === undefined ? machine : { ...machine, system: { ...system, kernel: process } };
}

async function liveThrough(
  machine: Machine,
  program: ProgramKind,
  body: (service: Service) => Promise<void>,
): Promise<void> {
  const found = await belongings(machine);
  const c = new Case(machine);
  let failure: { reason: unknown } | undefined;
  try {
    const service = await startService(c, programFor(machine, program));
    const made = await inventory(machine.system);
    await body(service);
    assert.deepEqual(await inventory(machine.system), made, 'what the containers left behind');
    assert.deepEqual([service.store.list(), service.warnings], [[], []]);
  } catch (reason) {
    failure = { reason };
  }
  await c.finish().catch((error: unknown) => {
    // What went wrong first says more.
    throw failure?.reason ?? error;
  });
  if (failure !== undefined) throw failure.reason;
  assert.deepEqual(await belongings(machine), found, 'what the case left behind');
}

/** More than a case has open at any time. */
const descriptors = 64;

/** What the machine has, and the agent there through which all calls are made. */
async function belongings({ system, process }: Machine): Promise<object> {
  const processes = await listProcesses(system);
  const { F_GETFD } = system.bindings.constants;
  const open = await run(system, (b) => {
    return Array.from({ length: descriptors }, (_, fd) => {
      return b.attempt(() => {
        const value = b.call('fcntl', [fd, F_GETFD], { object: `descriptor ${fd}` });
        return { value, decode: () => fd };
      });
    });
  });
  return {
    ...(await inventory(system)),
    children: processes.filter(({ parentPid }) => parentPid === process?.pid).length,
    open: open.filter((each) => !isKernelError(each)),
  };
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAgent } from '../../../src/kernel/agent/start.js';
import type { Release } from '../../../src/kernel/bindings/types.js';
import { openFreeBSD } from '../../../src/kernel/freebsd/open.js';
import type { Machine, MachineSource } from '../../conformance/harness/machine.js';
import { machineSources, type Simulated } from '../../conformance/harness/sources.js';
import { projectRoot } from '../../kernel/bindings/project-root.js';
import { serveModel } from '../../model/agent-server.js';
import { openModel } from '../../model/model.js';

/**
 * The machines that containers live on: those that KERNEL names, as for conformance; unset, simulated ones of each release,
 * which are reached in the same way as others: through the agent's protocol.
 *
 * @param simulated what is special about simulated ones
 */
export function machinesForLife(simulated: Simulated): MachineSource[] {
  const { KERNEL = '' } = process.env;
  if (KERNEL !== '') return machineSources(KERNEL);
  return ([12, 14, 15] as const).map((release) => servedModel(release, simulated));
}

function servedModel(release: Release, simulated: Simulated): MachineSource {
  return {
    name: `a served model of FreeBSD ${release}`,
    release,
    open: async (): Promise<Machine> => {
      const server = await serveModel(openModel(release, simulated));
      // What the kernel does that no kernel does fails whatever is under way.
      server.broken.catch((error: unknown) => {
        throw error;
      });
      const agent = await connectAgent({ host: '127.0.0.1', port: server.port });
      return {
        release,
        system: await openFreeBSD(agent, agent.processor),
        process: agent,
        close: async () => {
          agent.close();
          await agent.ended;
          await server.close();
        },
      };
    },
  };
}

/** A file that is native/inmate.c to a simulated machine. */
const simulatedProgram = Buffer.from('\x7fELF usage: inmate ', 'latin1');

/** A program for a machine that shows what its containers see. */
export type ProgramKind = 'FreeBSD' | 'Linux';

/**
 * The test program for a machine: where INMATE or INMATE_LINUX says, or else where scripts/build-native puts it.
 *
 * @throws Error that says how to build it
 */
export function programFor({ system: { bindings } }: Machine, kind: ProgramKind): Buffer {
  const { INMATE, INMATE_LINUX, KERNEL = '' } = process.env;
  if (KERNEL === '') return simulatedProgram;
  const [given, folder, options] =
    kind === 'Linux'
      ? [INMATE_LINUX, 'freestanding', ', on Linux']
      : [INMATE, `freebsd-${bindings.arch}-freestanding`, ` --freebsd ${bindings.arch}`];
  const path = given ?? join(projectRoot, 'build/native', folder, 'inmate');
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`${path}: scripts/build-native --freestanding builds it${options}`, { cause });
  }
}

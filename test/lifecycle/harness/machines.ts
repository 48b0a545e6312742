import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAgent } from '../../../src/kernel/agent/start.js';
import type { Release } from '../../../src/kernel/bindings/types.js';
import { openFreeBSD } from '../../../src/kernel/freebsd/open.js';
import type { Machine, MachineSource } from '../../conformance/harness/machine.js';
import { machineSources } from '../../conformance/harness/sources.js';
import { projectRoot } from '../../kernel/bindings/project-root.js';
import { serveModel } from '../../model/agent-server.js';
import { openModel } from '../../model/model.js';

/**
 * The machines that containers live on: those that KERNEL names, as for conformance; unset, simulated ones of each release,
 * which are reached in the same way as others: through the agent's protocol.
 */
export function machinesForLife(kernel = process.env['KERNEL'] ?? ''): MachineSource[] {
  return kernel === '' ? ([12, 14, 15] as const).map(servedModel) : machineSources(kernel);
}

function servedModel(release: Release): MachineSource {
  return {
    name: `a served model of FreeBSD ${release}`,
    release,
    open: async (): Promise<Machine> => {
      const server = await serveModel(openModel(release, { accounting: true }));
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

/**
 * The test program for a machine: INMATE is its path, or else it is where scripts/build-native --freestanding puts it.
 *
 * @throws Error that says how to build it
 */
export function programFor({ system: { bindings } }: Machine): Buffer {
  const { INMATE, KERNEL = '' } = process.env;
  if (KERNEL === '') return simulatedProgram;
  const path = INMATE ?? join(projectRoot, `build/native/freebsd-${bindings.arch}-freestanding/inmate`);
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`${path}: scripts/build-native --freestanding --freebsd ${bindings.arch} builds it`, {
      cause,
    });
  }
}

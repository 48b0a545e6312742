import { connect } from 'node:net';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AgentKernel } from '../../../src/kernel/agent.js';
import { connectAgent, openDeviceAgent, parseAgentAddress } from '../../../src/kernel/agent/start.js';
import { mount } from '../../../src/kernel/freebsd/mount.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { openFreeBSD } from '../../../src/kernel/freebsd/open.js';
import { openLocalKernel } from '../../../src/kernel/local.js';
import { openModel } from '../../model/model.js';
import type { SystemOptions } from '../../model/system.js';
import { startLocalAgent } from './local-agent.js';
import type { Machine, MachineSource } from './machine.js';

/** What is special about simulated machines; `mounted` is a data set of zfs that lies on /mnt from the beginning. */
export type Simulated = Omit<SystemOptions, 'release'> & { readonly mounted?: string };

/**
 * The machines that KERNEL names: unset, simulated ones of each release; `agent:HOST:PORT`, the one that an agent
 * listens on; `device:PATH`, one whose agent is at the other end of a unix socket that stands for a serial line;
 * `local`, this one.
 *
 * @param simulated what is special about simulated ones
 */
export function machineSources(
  kernel = process.env['KERNEL'] ?? '',
  simulated: Simulated = {},
): MachineSource[] {
  if (kernel === '') return ([12, 14, 15] as const).map((release) => modelSource(release, simulated));
  if (kernel === 'local') return [{ name: 'this host', open: openHost }];
  const [, kind, address = ''] = /^(agent|device):(.+)$/.exec(kernel) ?? [];
  if (kind === 'agent') return [{ name: kernel, open: () => openListeningAgent(address) }];
  if (kind === 'device') return [{ name: kernel, open: () => openDevice(address) }];
  throw new Error(`KERNEL: neither local, agent:HOST:PORT nor device:PATH: ${kernel}`);
}

function modelSource(release: 12 | 14 | 15, { mounted, ...simulated }: Simulated): MachineSource {
  return {
    name: `a model of FreeBSD ${release}`,
    release,
    open: async () => {
      const { freebsd, kernel } = openModel(release, simulated);
      if (mounted !== undefined) {
        await run(freebsd, (b) => mount(b, { type: 'zfs', from: mounted, target: '/mnt' }));
      }
      return {
        release,
        system: freebsd,
        process: kernel,
        close: () => Promise.resolve(),
      };
    },
  };
}

async function openListeningAgent(address: string): Promise<Machine> {
  return agentMachine(await connectAgent(parseAgentAddress(address)), true);
}

async function openDevice(path: string): Promise<Machine> {
  const stream = connect(path);
  await once(stream, 'connect');
  return agentMachine(await openDeviceAgent(stream), false);
}

async function agentMachine(agent: AgentKernel, canFork: boolean): Promise<Machine> {
  const system = await openFreeBSD(agent, agent.processor).catch((error: unknown) => {
    agent.close();
    throw error;
  });
  return {
    release: system.bindings.release,
    system,
    process: canFork ? agent : undefined,
    close: async () => {
      agent.close();
      await agent.ended;
    },
  };
}

/** The calls go through FFI; processes are agents that this one starts. */
async function openHost(): Promise<Machine> {
  const kernel = openLocalKernel('koffi');
  try {
    const system = await openFreeBSD(kernel, process.arch);
    const path = fileURLToPath(new URL('../../../native/agent', import.meta.url));
    const local = await startLocalAgent(path);
    return {
      release: system.bindings.release,
      system,
      process: local.agent,
      close: async () => {
        await local.close();
        kernel.close();
      },
    };
  } catch (error) {
    kernel.close();
    throw error;
  }
}

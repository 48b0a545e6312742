import { connectAgent, parseAgentAddress } from '../../../src/kernel/agent/start.js';
import { forkedChildren } from '../../../src/kernel/agent/children.js';
import { openFreeBSD } from '../../../src/kernel/freebsd/open.js';
import { runCommand } from '../../../src/network/cni/command.js';
import { cniHost, type CniKernel } from '../../../src/network/cni/host.js';

// usage: node program.js HOST:PORT FOLDER: the CNI plugin, as the executable runs it, on the kernel of an agent that
// listens there.

const [address = '', folder = ''] = process.argv.slice(2);

async function openKernel(): Promise<CniKernel> {
  const agent = await connectAgent(parseAgentAddress(address));
  const system = await openFreeBSD(agent, agent.processor);
  return {
    system,
    children: forkedChildren(agent, system.bindings),
    close: async () => {
      agent.close();
      await agent.ended;
    },
  };
}

const open = cniHost(openKernel, folder, (message) => process.stderr.write(`jail-bridge: ${message}\n`));
const { text, status } = await runCommand(open, process.env, process.stdin);
process.stdout.write(text);
process.exitCode = status;

import { once } from 'node:events';
import { connect } from 'node:net';
import { openDeviceAgent } from '../../../src/kernel/agent/start.js';
import { addIPv4Address } from '../../../src/kernel/freebsd/address.js';
import { mount } from '../../../src/kernel/freebsd/mount.js';
import { openFreeBSD } from '../../../src/kernel/freebsd/open.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { becomeListener } from './become-listener.js';

// usage: node listen.js LINE INTERFACE ADDRESS/PREFIX PORT
// Has the agent that is process 1 of a machine, as /agent, listen: LINE is the unix socket that stands for its console.

const [path, name, network, port] = process.argv.slice(2);
const [, address = '', prefix = ''] = /^([\d.]+)\/(\d+)$/.exec(network ?? '') ?? [];
if (path === undefined || name === undefined || address === '' || !/^\d{1,5}$/.test(port ?? '')) {
  console.error('usage: scripts/conformance --listen LINE INTERFACE ADDRESS/PREFIX PORT');
  process.exit(64);
}

const line = connect(path);
await once(line, 'connect');
const agent = await openDeviceAgent(line);
const system = await openFreeBSD(agent, agent.processor);
await run(system, (b) => [
  addIPv4Address(b, 'lo0', { address: '127.0.0.1', prefix: 8 }),
  addIPv4Address(b, name, { address, prefix: Number(prefix) }),
  // For those whose root is read-only; others have a folder there already, or none.
  b.attempt(() => mount(b, { type: 'tmpfs', target: '/tmp' })),
]);
const listener = { program: '/agent', device: '/dev/console', address: '0.0.0.0', port: Number(port) };
console.log(`KERNEL=agent:${address}:${await becomeListener(agent, line, listener)}`);
agent.close();

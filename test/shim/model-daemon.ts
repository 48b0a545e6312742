import { closeSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { linuxCalls } from '../../src/kernel/linux/host.js';
import { setJail } from '../../src/kernel/freebsd/jail.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { openLocalKernel } from '../../src/kernel/local.js';
import { connect } from '../../src/network/connect.js';
import { networksFolder, openNetworks } from '../../src/network/open.js';
import { withinJail } from '../../src/network/within.js';
import { parseArguments } from '../../src/shim/arguments.js';
import { parseConfig } from '../../src/shim/config.js';
import { startDaemon } from '../../src/shim/daemon.js';
import { openJailHost } from '../../src/shim/jail-host.js';
import { modelChildren } from '../model/children.js';
import { openModel } from '../model/model.js';

// A daemon as the launcher starts it, but on a simulated kernel of FreeBSD. There are two containers before it starts: one
// has a jail, of the other the jail is gone, and nobody remembers either. When the process ends it prints what is left.

const model = openModel(14);
const { freebsd, kernel } = model;
const args = parseArguments(process.argv.slice(3));
const config = parseConfig('idle_seconds = 3600', 'shim.toml');
const children = modelChildren(model);

const folder = networksFolder(dirname(args.runDirectory));
const networks = await openNetworks(freebsd, folder, config.networks, () => undefined);
const jails = await run(freebsd, (b) =>
  ['alive', 'dead'].map((id) =>
    setJail(b, { name: `ns@${id}`, persist: true, vnet: 'new' }, { operation: 'create' }),
  ),
);
for (const [index, id] of ['alive', 'dead'].entries()) {
  const jid = jails[index] ?? 0;
  await connect(
    { ...networks.host, within: (in_, body) => withinJail(freebsd, children, in_, body) },
    { making: () => 0, unmade: () => undefined },
    {
      ...{ namespace: 'ns', id, jid, network: 'default', interface: 'eth0' },
      ...{ addresses: [], ports: [], names: [id] },
    },
  );
}
networks.close();
// The kernel removes a jail whose last process ends, but not the host's half of its pair.
await run(freebsd, (b) => setJail(b, { jid: jails[1] ?? 0, persist: false }, { operation: 'update' }));
model.system.finishTeardowns();

process.on('exit', () => writeSync(1, `left: ${JSON.stringify(model.remains())}\n`));
await startDaemon(args, config, {
  openHost: async (options) => {
    const host = await openJailHost({ kernel, bindings: freebsd.bindings }, options, () => children);
    // The daemon's own descriptors are this machine's.
    return { ...host, calls: linuxCalls(openLocalKernel('koffi')) };
  },
  readFeatures: () => Promise.resolve({}),
}).then((daemon) => {
  process.on('SIGTERM', () => {
    daemon.end('SIGTERM');
  });
  writeSync(4, 'ready\n');
  closeSync(4);
});

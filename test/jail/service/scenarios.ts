import { createInterface } from '../../../src/kernel/freebsd/interface.js';
import { openPacketFilter, startPacketFilter } from '../../../src/kernel/freebsd/pf-device.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { turnOnForwarding } from '../../../src/network/forwarding.js';
import type { Release } from '../../../src/kernel/bindings/types.js';
import { exitProgram } from '../../model/execve.js';
import { callAnchor } from '../../model/pf-main.js';
import type { Json } from '../planning.js';
import { nodeAt, plant } from '../root/tree.js';
import { RuntimeWorld } from '../runtime-world.js';

/** A way in which people use containers: what there is before, and the specs of those that are made. */
export interface Scenario {
  readonly name: string;
  /** Those on which it is tried: where the calls are the same, one is enough. */
  readonly releases: readonly Release[];
  /** In the order in which they are made, each with what is executed in it. */
  readonly containers: readonly {
    readonly id: string;
    readonly spec: Json;
    readonly exec?: 'plain' | 'terminal';
  }[];
  /** A machine in which no container has been yet. */
  machine(release: Release): Promise<RuntimeWorld>;
}

const devfs = { destination: '/dev', type: 'devfs', source: 'devfs', options: ['ruleset=4'] };
const fdescfs = { destination: '/dev/fd', type: 'fdescfs', source: 'fdescfs' };

const plain = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs' },
  hostname: 'box',
  process: {
    cwd: '/srv/www',
    args: ['httpd', '-f'],
    env: ['PATH=/usr/local/bin:/bin'],
    user: { username: 'www' },
    noNewPrivileges: true,
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 128, hard: 256 }],
  },
  mounts: [devfs, fdescfs],
};

/** A machine that passes packets on, and whose packet filter asks the anchors of containers. */
async function filteringMachine(release: Release): Promise<RuntimeWorld> {
  const world = new RuntimeWorld(release, {}, 'default');
  await run(world.tools.system, (b) => startPacketFilter(b, openPacketFilter(b)));
  callAnchor(world.model.system, 'containerd-shim-jail/*');
  await turnOnForwarding(world.tools.system, ['inet', 'inet6']);
  return world;
}

/** A machine whose image has a hook that ends at once. */
function hookingMachine(release: Release): Promise<RuntimeWorld> {
  const world = new RuntimeWorld(release);
  const { model } = world;
  plant(model, '/snapshots/s1/bin', { hook: 'x program' });
  nodeAt(model, '/snapshots/s1/bin/hook').data = Buffer.from('\x7fELF program');
  model.system.processes.listen((process, event) => {
    if (event !== 'executed' || process.executed?.path !== '/bin/hook') return;
    setImmediate(() => {
      exitProgram(process, 0);
    });
  });
  return Promise.resolve(world);
}

/** A machine with an interface that a jail can be given: one half of a pair, "epair0a". */
async function lendingMachine(release: Release): Promise<RuntimeWorld> {
  const world = new RuntimeWorld(release);
  await run(world.tools.system, (b) => createInterface(b, 'epair'));
  return world;
}

function sandboxed(type: 'sandbox' | 'container'): Json {
  return {
    'io.kubernetes.cri.container-type': type,
    'io.kubernetes.cri.sandbox-id': 'pod',
  };
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'a plain container',
    releases: [12, 15],
    containers: [{ id: 'web', spec: plain, exec: 'plain' }],
    machine: (release) => Promise.resolve(new RuntimeWorld(release)),
  },
  {
    name: 'a network stack, limits, devices and six mounts',
    releases: [12, 15],
    containers: [
      {
        id: 'web',
        spec: {
          ...plain,
          annotations: {
            'containerd-shim-jail.ports': '8080:80',
            'containerd-shim-jail.addresses': '10.88.0.9',
          },
          freebsd: { devices: [{ path: 'bpf', mode: 384 }] },
          linux: {
            resources: { pids: { limit: 20 }, memory: { limit: 1_000_000 }, cpu: { cpus: '0-1' } },
          },
          mounts: [
            { destination: '/dev', type: 'devfs', source: 'devfs' },
            fdescfs,
            { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] },
            { destination: '/var/run', type: 'tmpfs', source: 'tmpfs', options: ['size=1m'] },
            { destination: '/mnt', type: 'nullfs', source: '/snapshots/s1/tmp' },
            { destination: '/srv/data', type: 'nullfs', source: '/snapshots/s1/usr', options: ['ro'] },
          ],
        },
      },
    ],
    machine: filteringMachine,
  },
  {
    name: 'a Linux image',
    releases: [15],
    containers: [
      {
        id: 'web',
        spec: {
          ...plain,
          annotations: { 'containerd-shim-jail.linux.osrelease': '5.15.0' },
          root: { path: 'rootfs', readonly: true },
          process: { ...plain.process, cwd: '/tmp' },
          mounts: [
            { destination: '/proc', type: 'proc', source: 'proc' },
            { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
            { destination: '/sys', type: 'sysfs', source: 'sysfs' },
          ],
        },
      },
    ],
    machine: (release) => Promise.resolve(new RuntimeWorld(release, { loadable: ['linux64'] })),
  },
  {
    name: 'an exec with a terminal',
    releases: [12],
    containers: [{ id: 'web', spec: { ...plain, mounts: [devfs] }, exec: 'terminal' }],
    machine: (release) => Promise.resolve(new RuntimeWorld(release)),
  },
  {
    name: 'a pod of a sandbox and a member',
    releases: [15],
    containers: [
      { id: 'pod', spec: { ...plain, annotations: sandboxed('sandbox'), mounts: [devfs] } },
      { id: 'web', spec: { ...plain, annotations: sandboxed('container'), mounts: [devfs] } },
    ],
    machine: (release) => Promise.resolve(new RuntimeWorld(release)),
  },
  {
    name: 'hooks in the jail',
    releases: [12],
    containers: [
      {
        id: 'web',
        spec: {
          ...plain,
          mounts: [devfs],
          hooks: { startContainer: [{ path: '/bin/hook', args: ['hook'] }] },
        },
      },
    ],
    machine: hookingMachine,
  },
  {
    name: 'an interface of the host',
    releases: [15],
    containers: [
      {
        id: 'web',
        spec: { ...plain, mounts: [], freebsd: { jail: { vnet: 'new', vnetInterfaces: ['epair0a'] } } },
      },
    ],
    machine: lendingMachine,
  },
];

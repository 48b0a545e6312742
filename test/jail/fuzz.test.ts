import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { planJail } from '../../src/jail/plan.js';
import { parseSpec } from '../../src/runtime/spec.js';
import { RuntimeError } from '../../src/runtime/error.js';
import { Arena } from '../../src/kernel/arena.js';
import { encodeJailParameters } from '../../src/kernel/freebsd/jail-parameters.js';
import type { Json } from './planning.js';

/** A spec that has something of everything. */
const rich: Json = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs', readonly: true },
  hostname: 'box',
  domainname: 'example.org',
  annotations: {
    'org.freebsd.jail.allow.mlock': 'true',
    'org.freebsd.jail.sysvshm': 'new',
    'containerd-shim-jail.devices': 'bpf*,zfs:0660',
    'containerd-shim-jail.rctl': 'readbps:throttle=10m,nthr:log=5/user',
    'containerd-shim-jail.os': 'linux',
    'containerd-shim-jail.linux.osrelease': '5.15.0',
    'io.kubernetes.cri.container-type': 'container',
    'io.kubernetes.cri.sandbox-id': 'pod',
  },
  process: {
    args: ['sh', '-c', 'true'],
    env: ['PATH=/bin', 'A=1'],
    cwd: '/work',
    terminal: true,
    consoleSize: { width: 80, height: 25 },
    user: { uid: 1, gid: 2, umask: 18, additionalGids: [3, 4] },
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 10, hard: 20 }],
    capabilities: { bounding: ['CAP_NET_RAW'] },
    noNewPrivileges: true,
  },
  hooks: {
    prestart: [{ path: '/bin/h', args: ['h'], env: ['A=1'], timeout: 3 }],
    poststop: [{ path: '/bin/h' }],
  },
  mounts: [
    { type: 'devfs', destination: '/dev', options: ['ruleset=4', 'rule=path zfs unhide mode 666'] },
    { type: 'tmpfs', destination: '/tmp', options: ['size=1m', 'mode=1777', 'nosuid', 'tmpcopyup'] },
    { type: 'bind', source: 'x', destination: '/x', options: ['rbind', 'ro', ''] },
    { type: 'zfs', source: 'tank/a', destination: '/z' },
  ],
  freebsd: {
    devices: [{ path: 'dri/card0', mode: 438 }],
    jail: {
      parent: 'pod',
      host: 'new',
      ip4: 'new',
      ip4Addr: ['10.0.0.1'],
      ip6Addr: ['fd00::1'],
      sysvmsg: 'inherit',
      enforceStatfs: 1,
      allow: { mount: ['tmpfs'], rawSockets: true, suser: true },
    },
  },
  linux: {
    namespaces: [{ type: 'network' }, { type: 'pid' }],
    devices: [{ path: '/dev/fuse', fileMode: 438, uid: 0, gid: 5 }],
    resources: {
      memory: { limit: 1000, swap: 2000 },
      cpu: { quota: 50000, period: 100000, cpus: '0-3' },
      pids: { limit: 10 },
    },
    sysctl: { 'net.ipv4.ping_group_range': '0 0' },
    personality: { domain: 'LINUX' },
  },
};

/** One whose jail is the host's own, with what only those have. */
const ofHost: Json = {
  ...rich,
  annotations: { 'containerd-shim-jail.os': 'freebsd' },
  freebsd: { jail: { ip4Addr: ['10.0.0.1'], ip6Addr: ['fd00::1'], interface: 'em0' } },
};

/** Stands for lists in lists, too many for whoever looks at them by calling itself. */
const deep = 'deep';
const deepText = '['.repeat(100_000) + ']'.repeat(100_000);

/** What nobody should write. */
const nasty: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 2 ** 53, 2 ** 64, 1e308],
  ...[
    '',
    ' ',
    '\0',
    '\n',
    '/',
    '..',
    '../../..',
    'new',
    'inherit',
    'none',
    '=',
    ':',
    ',',
    '-',
    '0',
    '99999999999',
  ],
  ...['x'.repeat(5000), '/x'.repeat(600), 'é\u202e\ud800', '__proto__', 'toString', 'constructor'],
  ...[[], {}, [[]], [null], [{}], { type: null }, { path: {} }, Array(2000).fill('a'), deep],
  JSON.parse('{"__proto__": {"path": "/etc"}, "constructor": 1}'),
];

/** A generator of numbers below a limit that gives the same ones for the same seed: mulberry32. */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

type Container = Record<string, unknown>;

/** Puts something else at a random place. */
function mutate(document: Container, next: (limit: number) => number): void {
  let at: Container = document;
  for (;;) {
    const keys = Object.keys(at);
    const key = keys[next(keys.length)];
    if (key === undefined) return;
    const value = at[key];
    if (typeof value === 'object' && value !== null && next(4) > 0) {
      at = value as Container;
      continue;
    }
    const what = next(5);
    if (what === 0) Reflect.deleteProperty(at, key);
    else
      at[what === 1 ? `${key}${String.fromCharCode(next(128))}` : key] = structuredClone(
        nasty[next(nasty.length)],
      );
    return;
  }
}

test('whatever a spec holds, it is planned or refused in one line', (t) => {
  const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
  t.diagnostic(`SEED=${seed}`);
  const next = random(seed);
  let planned = 0;
  for (let round = 0; round < 2000; round++) {
    const document = structuredClone(next(4) === 0 ? ofHost : rich) as Container;
    for (let count = next(4); count > 0; count--) mutate(document, next);
    const text = JSON.stringify(document).replaceAll(JSON.stringify(deep), deepText);
    try {
      const spec = parseSpec(text, 'config.json');
      const request = { key: { namespace: 'n', id: 'box' }, bundle: '/run/b', spec, rootfs: [] };
      const plan = planJail(request, { linuxRelease: undefined });
      const { asked, defaults } = plan.parameters;
      // Whatever was taken is something that the layers below take as well.
      encodeJailParameters(new Arena(), { ...defaults, ...asked, name: plan.name, path: plan.root.path });
      planned++;
    } catch (error) {
      assert.ok(error instanceof RuntimeError, `round ${round}: ${String(error)}`);
      assert.match(error.kind, /^(invalid|unsupported)$/);
      assert.ok(error.message.length < 1200 && !error.message.includes('\n'), error.message.slice(0, 2000));
    }
  }
  assert.ok(planned > 200, `only ${planned} planned`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  boundsOf,
  fitToParent,
  networkParameters,
  settleParameters,
  uncertainParameters,
} from '../../src/jail/parameters.js';
import type { ParametersPlan } from '../../src/jail/plan/parameters.js';
import { Arena } from '../../src/kernel/arena.js';
import { encodeJailParameters, type JailParameters } from '../../src/kernel/freebsd/jail-parameters.js';
import { planWith, titleOf, withJail, withProcess, type Json } from './planning.js';

const ipc = { sysvmsg: 'new', sysvsem: 'new', sysvshm: 'new' };
const nameless = { persist: true, enforce_statfs: 1, ...ipc };
const usual = { ...nameless, host: 'new', 'host.hostname': 'box' };
const inherit = { ip4: 'inherit', ip6: 'inherit' };

// Everything that a jail is made with, but for its name and path.
const rows: [Json, Json][] = [
  [{ linux: { namespaces: [] } }, { ...usual, ...inherit }],
  [withJail({ vnet: 'new' }), { ...usual, vnet: 'new' }],
  [withJail({ vnet: 'inherit' }), { ...usual, ...inherit }],
  [withJail({ ip4: 'new' }), { ...usual, ip4: 'disable', ip6: 'disable' }],
  [withJail({ ip4: 'inherit' }), { ...usual, ip4: 'inherit', ip6: 'disable' }],
  [withJail({ ip4: 'disable' }), { ...usual, ip4: 'disable', ip6: 'disable' }],
  [withJail({ ip6: 'new' }), { ...usual, ip4: 'disable', ip6: 'disable' }],
  [withJail({ ip6: 'inherit' }), { ...usual, ip4: 'disable', ip6: 'inherit' }],
  [withJail({ ip6: 'disable' }), { ...usual, ip4: 'disable', ip6: 'disable' }],
  [withJail({ ip4Addr: ['127.0.0.2'] }), { ...usual, 'ip4.addr': ['127.0.0.2'], ip6: 'disable' }],
  [
    withJail({ ip4: 'new', ip4Addr: ['127.0.0.2', '127.0.0.3'] }),
    { ...usual, 'ip4.addr': ['127.0.0.2', '127.0.0.3'], ip6: 'disable' },
  ],
  [withJail({ ip6Addr: ['::1'] }), { ...usual, ip4: 'disable', 'ip6.addr': ['::1'] }],
  [
    withJail({ ip6: 'new', ip6Addr: ['::1', 'fe80::2'] }),
    { ...usual, ip4: 'disable', 'ip6.addr': ['::1', 'fe80::2'] },
  ],
  [
    withJail({ ip4Addr: ['10.0.0.1'], ip6Addr: ['fd00::1'] }),
    { ...usual, 'ip4.addr': ['10.0.0.1'], 'ip6.addr': ['fd00::1'] },
  ],
  [
    { hostname: 'h', ...withJail({ vnet: 'new' }) },
    { ...usual, 'host.hostname': 'h', vnet: 'new' },
  ],
  [
    { hostname: 'h', domainname: 'd', ...withJail({ vnet: 'new', host: 'new' }) },
    { ...usual, 'host.hostname': 'h', 'host.domainname': 'd', vnet: 'new' },
  ],
  [
    withJail({ vnet: 'new', host: 'inherit' }),
    { ...nameless, host: 'inherit', 'allow.set_hostname': false, vnet: 'new' },
  ],
  [withJail({ vnet: 'new', enforceStatfs: 0 }), { ...usual, vnet: 'new', enforce_statfs: 0 }],
  [withJail({ vnet: 'new', enforceStatfs: 1 }), { ...usual, vnet: 'new' }],
  [withJail({ vnet: 'new', enforceStatfs: 2 }), { ...usual, vnet: 'new', enforce_statfs: 2 }],
  [
    withJail({ vnet: 'new', sysvmsg: 'disable', sysvsem: 'inherit', sysvshm: 'new' }),
    { ...usual, vnet: 'new', sysvmsg: 'disable', sysvsem: 'inherit' },
  ],
  [
    withJail({ vnet: 'new', allow: { rawSockets: true, reservedPorts: false } }),
    { ...usual, vnet: 'new', 'allow.raw_sockets': true, 'allow.reserved_ports': false },
  ],
];

for (const [members, expected] of rows) {
  test(`${titleOf(members)} becomes parameters of jail_set`, () => {
    const { network, parameters } = planWith(members);
    assert.ok(network.mode !== 'default');
    const all = { ...settleParameters(parameters, () => true), ...networkParameters(network) };
    assert.deepEqual(all, expected);
    const arena = new Arena();
    assert.ok(encodeJailParameters(arena, { name: 'default@box', path: '/r', ...all }).length >= 2);
  });
}

test('networks with a stack of their own need nothing but that', () => {
  assert.deepEqual(networkParameters({ mode: 'none' }), { vnet: 'new' });
  assert.deepEqual(networkParameters({ mode: 'network', name: 'front' }), { vnet: 'new' });
  assert.deepEqual(networkParameters({ mode: 'vnet', interfaces: ['em0'] }), { vnet: 'new' });
});

const plan = (asked: Json, defaults: Json = {}): ParametersPlan => ({
  asked: asked as JailParameters,
  defaults: defaults as JailParameters,
});

test('only parameters that come and go are asked for', () => {
  const { parameters } = planWith({
    hostname: 'h',
    ...withProcess({ capabilities: { bounding: ['CAP_NET_RAW'] } }),
    ...withJail({ allow: { mount: ['tmpfs'] }, sysvmsg: 'disable' }),
  });
  assert.deepEqual(uncertainParameters(parameters).sort(), [
    'allow.mount',
    'allow.mount.tmpfs',
    'allow.raw_sockets',
    'sysvmsg',
    'sysvsem',
    'sysvshm',
  ]);
});

test('what a kernel lacks is left out, if it was a default', () => {
  const settled = settleParameters(plan({ persist: true }, { enforce_statfs: 1, ...ipc }), () => false);
  assert.deepEqual(settled, { persist: true, enforce_statfs: 1 });
});

const harmless: [string, unknown][] = [
  ['allow.suser', true],
  ['allow.unprivileged_proc_debug', true],
  ['allow.settime', false],
  ['allow.mount.zfs', false],
  ['sysvshm', 'disable'],
  ['ip6', 'disable'],
  ['vnet', 'inherit'],
];

for (const [name, value] of harmless) {
  test(`${name} = ${String(value)} is what a kernel without it does`, () => {
    assert.deepEqual(
      settleParameters(plan({ [name]: value }), () => false),
      {},
    );
    assert.deepEqual(
      settleParameters(plan({ [name]: value }), () => true),
      { [name]: value },
    );
  });
}

const missing: [string, unknown, string][] = [
  ['allow.suser', false, ''],
  ['allow.unprivileged_proc_debug', false, ''],
  ['allow.settime', true, ''],
  ['allow.mount.zfs', true, ': load the module of zfs, if jails may mount it at all'],
  ['sysvshm', 'new', ': load the module sysvshm'],
  ['sysvmsg', 'inherit', ': load the module sysvmsg'],
  ['linux', 'new', ': load the module linux64'],
  ['linux.osrelease', '5.15.0', ': load the module linux64'],
  ['vnet', 'new', ': it was built without VIMAGE'],
];

for (const [name, value, hint] of missing) {
  test(`${name} = ${String(value)} cannot be had of a kernel without it`, () => {
    assert.throws(() => settleParameters(plan({ [name]: value }), () => false), {
      kind: 'unsupported',
      message: `${name}: this kernel has no such parameter${hint}`,
    });
  });
}

const parent = (values: Json) => ({ name: 'pod', values: values as JailParameters });
const fit = (asked: Json, defaults: Json, values: Json) => {
  const both = plan(asked, defaults);
  return fitToParent(
    settleParameters(both, () => true),
    both,
    parent(values),
  );
};

test('a child asks its parent for what bounds it', () => {
  const parameters = { persist: true, 'allow.mlock': true, 'allow.chflags': false } as JailParameters;
  assert.deepEqual(boundsOf(parameters), ['enforce_statfs', 'allow.mlock']);
});

test('the defaults of a child give way to its parent', () => {
  const open = { enforce_statfs: 0, 'allow.raw_sockets': true };
  const closed = { enforce_statfs: 2, 'allow.raw_sockets': false };
  const defaults = { enforce_statfs: 1, 'allow.raw_sockets': true };
  assert.deepEqual(fit({}, defaults, open), defaults);
  assert.deepEqual(fit({}, defaults, closed), closed);
  assert.deepEqual(fit({ enforce_statfs: 2 }, {}, closed), { enforce_statfs: 2 });
  assert.deepEqual(fit({ 'allow.raw_sockets': false }, {}, closed), { 'allow.raw_sockets': false });
});

test('what a child asks for in vain is an error that names it', () => {
  const closed = { enforce_statfs: 2, 'allow.raw_sockets': false };
  assert.throws(() => fit({ enforce_statfs: 1 }, {}, closed), {
    kind: 'precondition',
    message: 'enforce_statfs: the parent jail pod has 2, below which no child goes',
  });
  assert.throws(() => fit({ 'allow.raw_sockets': true }, {}, closed), {
    kind: 'precondition',
    message: 'allow.raw_sockets: the parent jail pod is not allowed it itself',
  });
});

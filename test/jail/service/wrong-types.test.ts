import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import { codeName, StatusError } from '../../../src/ttrpc/status.js';
import { seenOf } from './seen.js';
import { startService } from './world.js';

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

/** A spec that has something of everything that is read. */
const spec: Value = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs', readonly: false },
  hostname: 'box',
  domainname: 'example.org',
  annotations: { 'containerd-shim-jail.children.max': '0' },
  process: {
    args: ['httpd', '-f'],
    env: ['PATH=/usr/local/bin', 'A=1'],
    cwd: '/',
    terminal: false,
    user: { uid: 80, gid: 80, umask: 18, additionalGids: [3] },
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 10, hard: 20 }],
    capabilities: { bounding: ['CAP_NET_RAW'] },
    noNewPrivileges: true,
  },
  hooks: { createRuntime: [{ path: '/bin/true', args: ['true'], env: ['A=1'], timeout: 3 }] },
  mounts: [
    { type: 'devfs', destination: '/dev', options: ['ruleset=4'] },
    { type: 'nullfs', source: '/jails', destination: '/x', options: ['ro'] },
  ],
  freebsd: {
    devices: [{ path: 'bpf', mode: 438 }],
    jail: {
      host: 'new',
      ip4: 'new',
      ip4Addr: ['10.0.0.1'],
      ip6: 'new',
      ip6Addr: ['fd00::1'],
      vnet: 'inherit',
      interface: 'em0',
      sysvmsg: 'new',
      sysvsem: 'new',
      sysvshm: 'new',
      enforceStatfs: 1,
      allow: {
        mount: ['tmpfs'],
        setHostname: true,
        rawSockets: true,
        chflags: true,
        quotas: true,
        socketAf: true,
        mlock: true,
        reservedPorts: true,
        suser: true,
      },
    },
  },
  linux: {
    namespaces: [{ type: 'pid' }],
    devices: [{ path: '/dev/fuse', fileMode: 438, uid: 0, gid: 5 }],
    resources: {
      memory: { limit: 1000, swap: 2000 },
      cpu: { quota: 50000, period: 100000, cpus: '0' },
      pids: { limit: 10 },
    },
    rootfsPropagation: 'private',
    personality: { domain: 'LINUX' },
  },
};

/** One of another type than the value. */
function wrong(value: Value): Value {
  if (typeof value === 'string') return 7;
  if (typeof value === 'number') return 'seven';
  if (typeof value === 'boolean') return 'yes';
  return Array.isArray(value) ? { a: 1 } : ['a'];
}

/** Every place in a value, with the whole as it is when another type stands there. */
function variants(value: Value, path = ''): [path: string, changed: Value][] {
  if (typeof value !== 'object') return [];
  const isList = Array.isArray(value);
  return Object.entries(value as Record<string, Value>).flatMap(([key, member]) => {
    const name = isList ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    const put = (changed: Value): Value => {
      const entries = Object.entries(value).map(
        ([each, old]) => [each, each === key ? changed : old] as const,
      );
      return isList ? entries.map(([, one]) => one) : Object.fromEntries(entries);
    };
    const below = variants(member, name).map(([where, changed]): [string, Value] => [where, put(changed)]);
    return [[name, put(wrong(member))], ...below];
  });
}

test('a field of a wrong type is named, and nothing is left', async (context) => {
  const service = await startService(context, 14);
  const bundle = await service.bundle('box');
  const before = seenOf(service.world);
  const rootfs = [{ type: 'nullfs', source: '/snapshots/s1', target: '', options: ['rw'] }];
  const all = variants(spec);
  const unclear: string[] = [];
  for (const [path, changed] of all) {
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(changed));
    const answer = await service.call(TaskV2.methods.Create, { id: 'box', bundle, rootfs }).then(
      () => 'created',
      (error: unknown) => {
        assert.ok(error instanceof StatusError, path);
        return `${codeName(error.code)}: ${error.message.replace(/^.*config\.json: /, '')}`;
      },
    );
    // What all runtimes read is named by its section, and lists of words as a whole; keys with dots are quoted.
    const name = path
      .replace(/^annotations\.(.*)/, 'annotations: "$1"')
      .replace(/^process\.(args|env|cwd|user(?!\.umask))/, 'process: $1')
      .replace(/(process: .*)\[\d+\]$/, '$1');
    if (!answer.startsWith(`InvalidArgument: ${name}`) || answer.includes('\n'))
      unclear.push(`${path}: ${answer}`);
    assert.deepEqual(seenOf(service.world), before, path);
  }
  assert.deepEqual(unclear, []);
  assert.ok(all.length > 100, `${all.length} places`);
  assert.deepEqual([service.store.list(), service.events.lines, service.warnings], [[], [], []]);
});

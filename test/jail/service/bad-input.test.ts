import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setJail } from '../../../src/kernel/freebsd/jail.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import type { CreateTaskRequest } from '../../../src/proto/generated/messages.js';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import { codeName, StatusError } from '../../../src/ttrpc/status.js';
import type { SystemOptions } from '../../model/system.js';
import type { Json } from '../planning.js';
import { plant } from '../root/tree.js';
import { seenOf } from './seen.js';
import { startService, type ServiceWorld } from './world.js';

interface Row {
  readonly what: string;
  readonly spec?: Json;
  readonly request?: Partial<CreateTaskRequest>;
  readonly machine?: Omit<SystemOptions, 'release'>;
  /** What else there is on the machine. */
  readonly before?: (service: ServiceWorld) => unknown;
  readonly code: string;
  readonly message: RegExp;
}

const long = 'x'.repeat(300);
const jail = (members: Json): Json => ({ freebsd: { jail: members } });
const program = (members: Json): Json => ({
  process: { cwd: '/', args: ['sh'], env: ['PATH=/bin'], ...members },
});
const user = (username: string): Json => program({ user: { username } });
const own = (name: string, value: string): Json => ({
  annotations: { [`containerd-shim-jail.${name}`]: value },
});
const mount = (members: Json): Json => ({
  mounts: [{ type: 'nullfs', source: '/data', destination: '/data', ...members }],
});
const resources = (members: Json): Json => ({ linux: { resources: members } });
const withFiles = ({ world }: ServiceWorld): void => {
  plant(world.model, '/', { data: { file: 'x', loop: '-> loop' } });
};
const withJail =
  (name: string, more = {}) =>
  ({ world }: ServiceWorld) =>
    run(world.tools.system, (b) =>
      setJail(b, { name, path: '/', persist: true, ...more }, { operation: 'create' }),
    );

const invalid = 'InvalidArgument';
const rows: readonly Row[] = [
  // Documents that are none.
  {
    what: 'a version of the future',
    spec: { ociVersion: '2.0.0' },
    code: invalid,
    message: /ociVersion is "2\.0\.0"/,
  },
  { what: 'no root', spec: { root: null }, code: invalid, message: /: root/ },
  { what: 'the root of the host', spec: { root: { path: '/' } }, code: invalid, message: /^root\.path: / },
  {
    what: 'no bundle',
    request: { bundle: '/nowhere' },
    code: 'NotFound',
    message: /^bundle \/nowhere: ENOENT/,
  },
  // Contradictions.
  {
    what: 'a network stack of its own with addresses of the host',
    spec: jail({ vnet: 'new', ip4Addr: ['10.0.0.1'] }),
    code: invalid,
    message: /^freebsd\.jail\.ip4Addr: /,
  },
  {
    what: 'a hostname where the host’s is inherited',
    spec: { hostname: 'x', ...jail({ host: 'inherit' }) },
    code: invalid,
    message: /^hostname: /,
  },
  {
    what: 'addresses of a family that is off',
    spec: jail({ ip6: 'disable', ip6Addr: ['::1'] }),
    code: invalid,
    message: /^freebsd\.jail\.ip6Addr: contradicts/,
  },
  {
    what: 'less memory with swap than without',
    spec: resources({ memory: { limit: 9, swap: 8 } }),
    code: invalid,
    message: /^linux\.resources\.memory\.swap: 8/,
  },
  // Users and programs.
  { what: 'an unknown user', spec: user('nobody-here'), code: invalid, message: /user "nobody-here"/ },
  { what: 'an unknown group', spec: user('www:nogroup-here'), code: invalid, message: /nogroup-here/ },
  {
    what: 'a name of a user of 300 characters',
    spec: user(long),
    code: invalid,
    message: /^process\.user\.username: |user "x+/,
  },
  {
    what: 'a program that is not there',
    spec: program({ args: ['nothing'] }),
    code: 'Unknown',
    message: /executable file not found in \$PATH/,
  },
  {
    what: 'a program that is a folder',
    spec: program({ args: ['/bin'] }),
    code: 'Unknown',
    message: /^exec: "\/bin": /,
  },
  {
    what: 'a working directory that is a file',
    spec: program({ cwd: '/etc/passwd' }),
    code: 'Unknown',
    message: /\/etc\/passwd.*ENOTDIR/,
  },
  {
    what: 'a limit of no name',
    spec: program({ rlimits: [{ type: 'RLIMIT_X', soft: 1, hard: 1 }] }),
    code: 'Unimplemented',
    message: /^process\.rlimits\[0\]\.type: /,
  },
  // Mounts.
  {
    what: 'a mount without a source',
    spec: mount({ source: null }),
    code: invalid,
    message: /^mounts\[0\]\.source: /,
  },
  {
    what: 'a source that is not there',
    spec: mount({}),
    code: invalid,
    message: /^mount on \/data: \/data: no such file or directory$/,
  },
  {
    what: 'a folder on a file',
    spec: mount({ destination: '/etc/passwd' }),
    before: withFiles,
    code: 'Unknown',
    message: /\/etc\/passwd/,
  },
  {
    what: 'a file on a folder',
    spec: mount({ source: '/data/file', destination: '/etc' }),
    before: withFiles,
    code: invalid,
    message: /\/etc/,
  },
  {
    what: 'a tmpfs on a file',
    spec: mount({ type: 'tmpfs', destination: '/etc/passwd' }),
    code: 'Unknown',
    message: /\/etc\/passwd/,
  },
  {
    what: 'a name in a destination of 300 characters',
    spec: mount({ destination: `/${long}` }),
    before: withFiles,
    code: invalid,
    message: /^mounts\[0\]\.destination: /,
  },
  {
    what: 'a destination of too many characters',
    spec: mount({ destination: '/x'.repeat(600) }),
    before: withFiles,
    code: invalid,
    message: /^mounts\[0\]\.destination: /,
  },
  {
    what: 'a file system of no name',
    spec: mount({ type: 'ext4' }),
    code: 'Unimplemented',
    message: /^mounts\[0\]\.type: /,
  },
  {
    what: 'an option of no name',
    spec: mount({ options: ['rw', 'sparkle'] }),
    code: 'Unimplemented',
    message: /^mounts\[0\]\.options\[1\]: /,
  },
  {
    what: 'a mount on the root itself',
    spec: mount({ destination: '/bin/..' }),
    code: invalid,
    message: /^mounts\[0\]\.destination: /,
  },
  // Names.
  {
    what: 'an id of 300 characters',
    request: { id: long },
    code: invalid,
    message: /is not a valid identifier/,
  },
  { what: 'a hostname of 300 characters', spec: { hostname: long }, code: invalid, message: /^hostname: / },
  {
    what: 'a parent of 300 characters',
    spec: jail({ parent: long }),
    code: invalid,
    message: /^freebsd\.jail\.parent: /,
  },
  {
    what: 'an interface of 300 characters',
    spec: jail({ vnetInterfaces: [long] }),
    code: invalid,
    message: /^freebsd\.jail\.vnetInterfaces: /,
  },
  { what: 'a network of 300 characters', spec: own('network', long), code: invalid, message: /network: / },
  {
    what: 'an id with another’s jail',
    before: withJail('default@web'),
    code: 'AlreadyExists',
    message: /jail default@web exists already/,
  },
  // What the machine lacks.
  {
    what: 'limits where no account is kept',
    spec: resources({ pids: { limit: 9 } }),
    machine: { accounting: false },
    code: 'FailedPrecondition',
    message: /^linux\.resources\.pids\.limit: .*kern\.racct\.enable=1 into \/boot\/loader\.conf/,
  },
  {
    what: 'processors that are not there',
    spec: resources({ cpu: { cpus: '900' } }),
    code: 'Unknown',
    message: /900|cpuset/,
  },
  {
    what: 'a parent jail that is not there',
    spec: jail({ parent: 'none' }),
    code: 'NotFound',
    message: /^the parent jail default@none or none does not exist$/,
  },
  {
    what: 'the module of Linux programs',
    spec: own('os', 'linux'),
    code: 'FailedPrecondition',
    message: /linux64.*kldload linux64/,
  },
  {
    what: 'the module of a file system',
    spec: mount({ type: 'procfs' }),
    machine: { modules: ['ufs', 'devfs', 'nullfs'] },
    code: 'Unknown',
    message: /procfs/,
  },
  {
    what: 'a permission of a module',
    spec: jail({ allow: { mount: ['zfs'] } }),
    code: 'Unimplemented',
    message: /^allow\.mount\.zfs: /,
  },
  {
    what: 'a network that is not configured',
    spec: own('network', 'front'),
    code: invalid,
    message: /^network front: /,
  },
  {
    what: 'an interface to lend',
    spec: jail({ vnetInterfaces: ['em7'] }),
    code: 'Unknown',
    message: /interface em7: .*ENXIO/,
  },
  {
    what: 'an interface for addresses',
    spec: jail({ interface: 'em7', ip4Addr: ['10.0.0.1'] }),
    code: 'Unknown',
    message: /interface em7: .*ENXIO/,
  },
  {
    what: 'a devfs ruleset',
    spec: { mounts: [{ type: 'devfs', destination: '/dev', options: ['ruleset=77'] }] },
    code: 'FailedPrecondition',
    message: /77/,
  },
];

suite('what the Task service answers to what cannot be', () => {
  for (const { what, spec = {}, request = {}, machine, before, code, message } of rows) {
    test(what, async (context) => {
      const service = await startService(context, 14, machine);
      const { world } = service;
      await before?.(service);
      const bundle = await service.bundle('web', spec);
      const seen = seenOf(world);
      await assert.rejects(service.create('web', {}, { bundle, ...request }), (error) => {
        assert.ok(error instanceof StatusError);
        assert.equal(codeName(error.code), code, error.message);
        assert.match(error.message, message);
        assert.ok(error.message.length < 1000 && !error.message.includes('\n'), error.message);
        return true;
      });
      assert.deepEqual(seenOf(world), seen);
      assert.deepEqual([service.store.list(), service.events.lines, service.warnings], [[], [], []]);
      assert.deepEqual([world.warnings, world.reports], [[], []]);
      // The service goes on, unless it is the machine that lacks something.
      if (machine === undefined) assert.ok((await service.create('other')) > 0);
    });
  }

  test('an exec that cannot be leaves the container as it is', async (context) => {
    const service = await startService(context, 14);
    const { call, events, world } = service;
    await service.create('web');
    await call(TaskV2.methods.Start, { id: 'web' });
    const seen = seenOf(world);
    await assert.rejects(call(TaskV2.methods.Exec, { id: 'web', execId: long }), /not a valid identifier/);
    assert.deepEqual([seenOf(world), events.lines.length], [seen, 2]);
  });
});

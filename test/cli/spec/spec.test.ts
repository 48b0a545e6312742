import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freebsdSpec } from '../../../src/cli/spec/freebsd.js';
import { checkLinuxNetwork, linuxSpec } from '../../../src/cli/spec/linux.js';
import { specRequest, type SpecRequest, type Wanted } from '../../../src/cli/spec/request.js';
import { emptyExecution, type Execution } from '../../../src/image/config.js';
import { parseSpec } from '../../../src/runtime/spec.js';

const plain: Wanted = {
  command: [],
  entrypoint: undefined,
  env: [],
  user: undefined,
  workingDirectory: undefined,
  hostname: undefined,
  terminal: false,
  readonly: false,
  volumes: [],
  network: undefined,
  ports: [],
  limits: {},
  annotations: {},
};
const id = '0123456789abcdef0123456789abcdef';
const request = (image: Partial<Execution>, wanted: Partial<Wanted>): SpecRequest =>
  specRequest(id, 'rootfs', { ...emptyExecution, ...image }, { ...plain, ...wanted }, '/bin');

describe('what is run', () => {
  const image = { entrypoint: ['/init'], cmd: ['serve'] };
  const rows: readonly (readonly [string, Partial<Execution>, Partial<Wanted>, readonly string[]])[] = [
    ['entrypoint and arguments of the image', image, {}, ['/init', 'serve']],
    ['its entrypoint with other arguments', image, { command: ['a', 'b'] }, ['/init', 'a', 'b']],
    ['another entrypoint, without its arguments', image, { entrypoint: 'sh' }, ['sh']],
    ['another entrypoint with arguments', image, { entrypoint: 'sh', command: ['-x'] }, ['sh', '-x']],
    ['no entrypoint', image, { entrypoint: '', command: ['ls'] }, ['ls']],
    ['the arguments alone', { cmd: ['sh'] }, {}, ['sh']],
    ['a command alone', {}, { command: ['ls', '-l'] }, ['ls', '-l']],
  ];
  for (const [what, execution, wanted, args] of rows) {
    it(what, () => {
      assert.deepEqual(request(execution, wanted).args, args);
    });
  }
  it('is refused when there is nothing', () => {
    for (const wanted of [{}, { entrypoint: '' }]) {
      assert.throws(() => request({}, wanted), /nothing to run/);
    }
  });
});

describe('what it runs with', () => {
  it('the user decides before the image, and the image before the defaults', () => {
    const image = { env: ['PATH=/usr/bin', 'A=1'], user: 'www', workingDirectory: '/srv' };
    const asked = request(image, { command: ['x'], env: ['A=2'] });
    assert.deepEqual(asked.env, ['PATH=/usr/bin', 'HOSTNAME=0123456789ab', 'A=2']);
    assert.deepEqual([asked.user, asked.workingDirectory, asked.hostname], ['www', '/srv', '0123456789ab']);
    const other = request(image, {
      command: ['x'],
      user: '',
      workingDirectory: '/',
      hostname: 'h',
      terminal: true,
    });
    assert.deepEqual([other.user, other.workingDirectory, other.hostname], ['', '/', 'h']);
    assert.ok(other.env.includes('TERM=xterm') && other.env.includes('HOSTNAME=h'));
    assert.throws(
      () => request({}, { command: ['x'], workingDirectory: 'tmp' }),
      /"tmp" is no absolute path/,
    );
  });
});

const full = request(
  {},
  {
    command: ['sh'],
    user: 'www:wheel',
    volumes: [{ source: '/data', target: '/mnt', readonly: true }],
    network: 'none',
    limits: { memory: 1024, cpus: 1.5, pids: 9 },
    annotations: { a: 'b' },
    readonly: true,
  },
);

describe('the configuration for Linux', () => {
  const made = linuxSpec({ ...full, hostFiles: [], numericUser: { uid: 5, gid: 6, additionalGids: [7] } });
  it('is one, with what was asked for', () => {
    const spec = parseSpec(JSON.stringify(made), 'spec');
    assert.deepEqual([spec.rootPath, spec.rootReadonly, spec.annotations], ['rootfs', true, { a: 'b' }]);
    const { user, args } = spec.process.document;
    assert.deepEqual([user, args], [{ uid: 5, gid: 6, additionalGids: [7] }, ['sh']]);
    const mounts = made['mounts'] as readonly { destination: string }[];
    assert.deepEqual(mounts.at(-1), {
      destination: '/mnt',
      type: 'bind',
      source: '/data',
      options: ['rbind', 'rprivate', 'ro'],
    });
    const linux = made['linux'] as Record<string, unknown>;
    assert.equal(linux['cgroupsPath'], `/jailer/${id}`);
    const { devices, ...limits } = linux['resources'] as Record<string, unknown>;
    assert.deepEqual(limits, {
      memory: { limit: 1024 },
      cpu: { quota: 150_000, period: 100_000 },
      pids: { limit: 9 },
    });
    assert.deepEqual(devices, [{ allow: false, access: 'rwm' }]);
  });
  it('has a network of its own only when there shall be none', () => {
    const types = (network: string | undefined): readonly string[] => {
      const asked = { ...full, network, hostFiles: [], numericUser: { uid: 0, gid: 0, additionalGids: [] } };
      const { namespaces } = linuxSpec(asked)['linux'] as { namespaces: readonly { type: string }[] };
      return namespaces.map(({ type }) => type);
    };
    assert.ok(types('none').includes('network'));
    for (const network of ['host', undefined]) assert.ok(!types(network).includes('network'));
  });
  it('never lets a process have more than others leave it', () => {
    const { process } = made as { process: { capabilities: Record<string, readonly string[]> } };
    assert.ok(!process.capabilities['bounding']?.includes('CAP_SYS_ADMIN'));
    assert.equal(process.capabilities['inheritable'], undefined);
  });
  it('publishes nothing, and knows no networks by name', () => {
    checkLinuxNetwork({ network: undefined, ports: [] });
    assert.throws(() => {
      checkLinuxNetwork({ network: 'lan', ports: [] });
    }, /host and none only/);
    assert.throws(() => {
      checkLinuxNetwork({ network: 'host', ports: ['80:80'] });
    }, /FreeBSD only/);
  });
});

describe('the configuration for FreeBSD', () => {
  it('asks for network and ports by annotations, and leaves names of users to the runtime', () => {
    const made = freebsdSpec({ ...full, network: 'lan', ports: ['80:80', '53:53/udp'] }, 'freebsd');
    const spec = parseSpec(JSON.stringify(made), 'spec');
    assert.deepEqual(spec.annotations, {
      'containerd-shim-jail.network': 'lan',
      'containerd-shim-jail.ports': '80:80,53:53/udp',
      a: 'b',
    });
    assert.deepEqual(spec.process.document['user'], { uid: 0, gid: 0, username: 'www:wheel' });
    const mounts = made['mounts'] as readonly object[];
    assert.deepEqual(mounts.at(-1), {
      destination: '/mnt',
      type: 'nullfs',
      source: '/data',
      options: ['ro'],
    });
  });
  it('says of a Linux image that it is one, and leaves its mounts to the runtime', () => {
    const made = freebsdSpec(full, 'linux');
    const { annotations } = parseSpec(JSON.stringify(made), 'spec');
    assert.equal(annotations['containerd-shim-jail.os'], 'linux');
    assert.equal((made['mounts'] as readonly object[]).length, 1);
  });
});

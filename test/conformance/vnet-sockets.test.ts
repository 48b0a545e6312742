import assert from 'node:assert/strict';
import { isKernelError } from '../../src/kernel/error.js';
import { interfaceFlags, lendInterface, reclaimInterface } from '../../src/kernel/freebsd/interface.js';
import { attachJail, removeJail, setJail } from '../../src/kernel/freebsd/jail.js';
import { run, type FreeBSD } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, on12, type On } from './harness/group.js';
import { destroyLater, epair, errorOf, vnetJail } from './harness/interfaces.js';
import { couple, type Couple } from './harness/passing.js';
import { call } from './harness/raw.js';

const passed: On = { needs: ['vnet', 'epair', 'processes'] };
const passedOn12: On = { ...on12, ...passed };

/** Opens a socket, and answers its number. */
async function socket(
  { bindings, kernel }: FreeBSD,
  domain: 'AF_LOCAL' | 'AF_INET' | 'AF_ROUTE' = 'AF_LOCAL',
  type: 'SOCK_DGRAM' | 'SOCK_STREAM' | 'SOCK_RAW' = 'SOCK_DGRAM',
): Promise<number> {
  const { constants: c } = bindings;
  const { error, value } = await call(kernel, 'socket', () => [c[domain], c[type], 0]);
  assert.equal(error, '', `socket of ${domain}`);
  return value;
}

async function open({ bindings, kernel }: FreeBSD, path: string): Promise<number> {
  const { constants: c } = bindings;
  const { error, value } = await call(kernel, 'openat', (arena) => {
    return [c.AT_FDCWD, { arena: arena.text(path, 'path') }, c.O_RDONLY, 0];
  });
  assert.equal(error, '', `open ${path}`);
  return value;
}

/** A request with a struct ifreq through a socket that is there. */
async function through(
  { bindings, kernel }: FreeBSD,
  descriptor: number,
  request: 'SIOCGIFFLAGS' | 'SIOCIFCREATE2' | 'SIOCSIFVNET' | 'SIOCSIFRVNET',
  name: string,
  jid?: number,
): Promise<{ readonly error: string; readonly name: string }> {
  const { constants, layouts } = bindings;
  let at = 0;
  const { error, arena } = await call(kernel, 'ioctl', (a) => {
    at = a.struct(layouts.ifreq, { ifr_name: name, ...(jid === undefined ? {} : { ifr_jid: jid }) });
    return [descriptor, constants[request], { arena: at }];
  });
  const bytes = arena.subarray(at, at + constants.IFNAMSIZ);
  return { error, name: Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString() };
}

const close = (kernel: FreeBSD['kernel'], descriptor: number): Promise<unknown> => {
  return call(kernel, 'close', () => [descriptor]);
};

/** A couple whose child is in a jail with half of an epair, and a socket of the jail that the host process has. */
async function shared(c: Case): Promise<Couple & { jid: number; name: string; descriptor: number }> {
  const [, name] = await epair(c);
  const jid = await vnetJail(c);
  const both = await couple(c, jid);
  await c.run((b) => lendInterface(b, name, jid));
  const descriptor = await both.toHost(await socket(both.child));
  return { ...both, jid, name, descriptor };
}

group('sockets of network stacks', 'observed on 12.1', (states) => {
  states(
    'a socket of a jail is in its stack, whoever uses it',
    async (c) => {
      const { descriptor, host, name } = await shared(c);
      assert.equal((await through(host, descriptor, 'SIOCGIFFLAGS', name)).error, '');
      assert.equal(await errorOf(host, 'SIOCGIFFLAGS', name), 'ENXIO');
      const [a] = await epair(c);
      assert.equal((await through(host, descriptor, 'SIOCGIFFLAGS', a)).error, 'ENXIO');
    },
    passed,
  );

  states(
    "a socket of the host's lets a jail change the host",
    async (c) => {
      const both = await couple(c, await vnetJail(c));
      const descriptor = await both.toChild(await socket(both.host));
      const { error, name } = await through(both.child, descriptor, 'SIOCIFCREATE2', 'epair');
      assert.equal(error, '');
      destroyLater(c, name);
      assert.equal(await errorOf(c.system, 'SIOCGIFFLAGS', name), '');
    },
    passedOn12,
  );

  states(
    'through a socket of a jail the host moves its interfaces to another',
    async (c) => {
      const { descriptor, host, jid, name } = await shared(c);
      const other = await vnetJail(c);
      assert.equal((await through(host, descriptor, 'SIOCSIFVNET', name, jid)).error, 'EEXIST');
      assert.equal((await through(host, descriptor, 'SIOCSIFVNET', name, other)).error, '');
      await c.refused('ENXIO', (b) => reclaimInterface(b, name, jid));
      await c.run((b) => reclaimInterface(b, name, other));
    },
    passedOn12,
  );
});

group('what holds a dying jail', 'observed on 12.1', (states) => {
  const files: [what: string, open: (system: FreeBSD) => Promise<number>][] = [
    ['a datagram socket', (system) => socket(system, 'AF_INET')],
    ['a local socket', (system) => socket(system, 'AF_LOCAL')],
    ['a routing socket', (system) => socket(system, 'AF_ROUTE', 'SOCK_RAW')],
    ['a TCP socket that is not connected', (system) => socket(system, 'AF_INET', 'SOCK_STREAM')],
    ['an open folder', (system) => open(system, '/')],
    ['an open device', (system) => open(system, '/dev/null')],
  ];
  for (const [what, make] of files) {
    states(
      `${what} of the jail that is held outside`,
      async (c) => {
        const jid = await vnetJail(c);
        const both = await couple(c, jid);
        const descriptor = await both.toHost(await make(both.child));
        await both.endChild();
        await c.run((b) => removeJail(b, jid));
        assert.equal(await c.exists({ jid }), true);
        assert.equal(await c.exists({ jid }), true);
        await close(both.host.kernel, descriptor);
        await c.gone({ jid });
      },
      passedOn12,
    );
  }

  states(
    'its interfaces stay as long, and can be taken and given',
    async (c) => {
      const { descriptor, endChild, host, jid, name } = await shared(c);
      await endChild();
      await c.run((b) => removeJail(b, jid));
      assert.equal((await through(host, descriptor, 'SIOCGIFFLAGS', name)).error, '');
      await c.run((b) => [reclaimInterface(b, name, jid), lendInterface(b, name, jid)]);
      assert.equal(await errorOf(c.system, 'SIOCGIFFLAGS', name), 'ENXIO');
      await close(host.kernel, descriptor);
      await c.gone({ jid });
      assert.equal(await c.run((b) => interfaceFlags(b, name)), 0x8842);
    },
    passedOn12,
  );

  states(
    'nobody enters it, it can be removed again, and its name is free',
    async (c) => {
      const name = c.name('jail');
      const jid = await c.jail({ vnet: 'new', name });
      const both = await couple(c, jid);
      const descriptor = await both.toHost(await socket(both.child));
      await both.endChild();
      await c.run((b) => removeJail(b, jid));
      const entering = run(both.host, (b) => attachJail(b, jid));
      await assert.rejects(entering, (error) => isKernelError(error, 'EINVAL'));
      await c.run((b) => removeJail(b, jid));
      const next = await c.run((b) => setJail(b, { name, persist: true }, { operation: 'create' }));
      c.removeLater(next);
      assert.notEqual(next, jid);
      await close(both.host.kernel, descriptor);
      await c.gone({ jid });
    },
    passedOn12,
  );
});

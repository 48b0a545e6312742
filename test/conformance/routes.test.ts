import assert from 'node:assert/strict';
import { isKernelError } from '../../src/kernel/error.js';
import { addIPv4Address, addIPv6Address, removeIPv4Address } from '../../src/kernel/freebsd/address.js';
import { destroyInterface, interfaceIndex, reclaimInterface } from '../../src/kernel/freebsd/interface.js';
import { addRoute, changeRoute, deleteRoute, type Route } from '../../src/kernel/freebsd/route.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, on12, type On } from './harness/group.js';
import { inside, stack, type Stack } from './harness/interfaces.js';
import {
  byGateway,
  done,
  ip4,
  ip6,
  mask4,
  mask6,
  routeMessage,
  type RouteMessage,
} from './harness/routes.js';

// All in the network stack of a jail, so that the machine's own routes stay as they are.
const inJail: On = { needs: ['vnet', 'processes', 'epair', 'bridge'] };
const inJailOn12: On = { ...on12, ...inJail };

/** A jail whose interface is in 10.85.0.0/24 and fd85::/64. */
async function connected(c: Case): Promise<Stack> {
  const jail = await stack(c);
  await run(jail.system, (b) => [
    addIPv4Address(b, jail.name, { address: '10.85.0.2', prefix: 24 }),
    addIPv6Address(b, jail.name, { address: 'fd85::2', prefix: 64 }),
  ]);
  return jail;
}

const default4: Route = { family: 'IPv4', gateway: '10.85.0.1' };
const default6: Route = { family: 'IPv6', gateway: 'fd85::1' };

/** Says that a step fails so in the jail. */
async function refused(code: string, doing: Promise<unknown>): Promise<void> {
  await assert.rejects(doing, (error) => isKernelError(error, code));
}

/** A message about the default route by way of 10.85.0.1. */
const message4 = ({ system }: Stack, more: Partial<RouteMessage> = {}): RouteMessage => {
  return {
    destination: ip4(system, '0.0.0.0'),
    gateway: ip4(system, '10.85.0.1'),
    mask: mask4(system, 0),
    ...more,
  };
};

for (const [family, route, other] of [
  ['IPv4', default4, '10.85.0.9'],
  ['IPv6', default6, 'fd85::9'],
] as const) {
  group(`route(4), ${family}`, 'observed on 12.1', (states) => {
    states(
      'there is one default route',
      async (c) => {
        const { system } = await connected(c);
        await run(system, (b) => addRoute(b, route));
        for (const again of [route, { ...route, gateway: other }]) {
          await refused(
            'EEXIST',
            run(system, (b) => addRoute(b, again)),
          );
        }
      },
      inJail,
    );

    states(
      'its gateway must be in a network that an interface is in',
      async (c) => {
        const { system } = await connected(c);
        const gateway = family === 'IPv4' ? '10.99.0.1' : 'fd77::1';
        await refused(
          'ENETUNREACH',
          run(system, (b) => addRoute(b, { ...route, gateway })),
        );
      },
      inJail,
    );

    states(
      'it is deleted whatever its gateway, once',
      async (c) => {
        const { system } = await connected(c);
        await run(system, (b) => [addRoute(b, route), deleteRoute(b, { family })]);
        await refused(
          'ESRCH',
          run(system, (b) => deleteRoute(b, { family })),
        );
      },
      inJail,
    );
  });
}

group('route(4)', 'observed on 12.1', (states) => {
  states(
    'a route is changed in place, if it is there',
    async (c) => {
      const jail = await connected(c);
      const { system } = jail;
      await refused(
        'ESRCH',
        run(system, (b) => changeRoute(b, default4)),
      );
      await run(system, (b) => [
        addRoute(b, default4),
        changeRoute(b, { ...default4, gateway: '10.85.0.9' }),
      ]);
      const { reply } = await routeMessage(system, message4(jail, { type: 'RTM_GET' }));
      assert.equal(Buffer.from(reply?.addresses.subarray(16, 24) ?? []).toString('hex'), '100200000a550009');
    },
    inJailOn12,
  );

  states(
    'networks have routes of their own',
    async (c) => {
      const { system } = await connected(c);
      const network = { address: '10.7.0.0', prefix: 16 };
      await run(system, (b) => [addRoute(b, default4), addRoute(b, { ...default4, network })]);
      await refused(
        'EEXIST',
        run(system, (b) => addRoute(b, { ...default4, network })),
      );
      await run(system, (b) => deleteRoute(b, { family: 'IPv4', network }));
      await refused(
        'ESRCH',
        run(system, (b) => deleteRoute(b, { family: 'IPv4', network })),
      );
    },
    inJail,
  );

  states(
    'the gateway may be the own address',
    async (c) => {
      const { system } = await connected(c);
      await run(system, (b) => addRoute(b, { ...default4, gateway: '10.85.0.2' }));
    },
    inJailOn12,
  );

  states(
    'a link-local gateway needs the number of the interface',
    async (c) => {
      const { system, name } = await connected(c);
      const scope = await run(system, (b) => interfaceIndex(b, name));
      const gateway = 'fe80::1';
      await refused(
        'ENETUNREACH',
        run(system, (b) => addRoute(b, { ...default6, gateway })),
      );
      await run(system, (b) => [
        addRoute(b, { ...default6, gateway, scope }),
        deleteRoute(b, { family: 'IPv6' }),
        addRoute(b, { ...default6, gateway: `fe80:${scope.toString(16)}::1` }),
      ]);
    },
    inJailOn12,
  );

  states(
    'it goes with the address that its gateway is reached by',
    async (c) => {
      const { system, name } = await connected(c);
      await run(system, (b) => [addRoute(b, default4), removeIPv4Address(b, name, '10.85.0.2')]);
      await refused(
        'ESRCH',
        run(system, (b) => deleteRoute(b, default4)),
      );
      await refused(
        'ENETUNREACH',
        run(system, (b) => addRoute(b, default4)),
      );
    },
    inJail,
  );

  states(
    'it goes with the interface',
    async (c) => {
      const { system, other } = await connected(c);
      await run(system, (b) => addRoute(b, default4));
      await c.run((b) => destroyInterface(b, other));
      await refused(
        'ESRCH',
        run(system, (b) => deleteRoute(b, default4)),
      );
      await refused(
        'ENETUNREACH',
        run(system, (b) => addRoute(b, default4)),
      );
    },
    inJail,
  );

  states(
    'it goes with an interface that is taken back',
    async (c) => {
      const { system, name, jid } = await connected(c);
      await run(system, (b) => addRoute(b, default4));
      await c.run((b) => reclaimInterface(b, name, jid));
      await refused(
        'ENETUNREACH',
        run(system, (b) => addRoute(b, default4)),
      );
    },
    { ...inJail, fact: 'addresses are lost by moves: observed on 12.1' },
  );

  states(
    'a jail without a stack of its own may not write',
    async (c) => {
      const system = await inside(c, await c.jail());
      await refused(
        'EPERM',
        run(system, (b) => deleteRoute(b, default4)),
      );
    },
    { ...on12, needs: ['processes'] },
  );

  states(
    'each stack has its own',
    async (c) => {
      const [{ system }, { system: other }] = [await connected(c), await connected(c)];
      await run(system, (b) => addRoute(b, default4));
      await refused(
        'ESRCH',
        run(other, (b) => deleteRoute(b, default4)),
      );
    },
    inJail,
  );
});

group('messages of route(4)', 'observed on 12.1', (states) => {
  states(
    'a message comes back with what was done',
    async (c) => {
      const jail = await connected(c);
      const { system, name } = jail;
      const { value, reply } = await routeMessage(system, message4(jail));
      const index = await run(system, (b) => interfaceIndex(b, name));
      assert.equal(value, 200);
      assert.deepEqual(
        { flags: reply?.flags, index: reply?.index, errno: reply?.errno },
        { flags: byGateway | done, index, errno: '' },
      );
      assert.notEqual(reply?.pid, 0);
    },
    inJailOn12,
  );

  states(
    'one of IPv6 has 248 bytes',
    async (c) => {
      const { system } = await connected(c);
      const { error, value } = await routeMessage(system, {
        destination: ip6(system, '::'),
        gateway: ip6(system, 'fd85::1'),
        mask: mask6(system, 0),
      });
      assert.deepEqual([error, value], ['', 248]);
    },
    inJailOn12,
  );

  states(
    'who asks for a route, or deletes it, is told its gateway',
    async (c) => {
      const jail = await connected(c);
      const { system } = jail;
      const asked: RouteMessage = { destination: ip4(system, '0.0.0.0'), mask: mask4(system, 0), flags: 1 };
      await run(system, (b) => addRoute(b, default4));
      const got = await routeMessage(system, { ...asked, type: 'RTM_GET' });
      assert.deepEqual([got.error, (got.reply?.addrs ?? 0) & 2], ['', 2]);
      const gone = await routeMessage(system, { ...asked, type: 'RTM_DELETE' });
      assert.deepEqual([gone.error, gone.reply?.length, (gone.reply?.flags ?? 0) & 1], ['', 200, 0]);
      for (const type of ['RTM_GET', 'RTM_DELETE'] as const) {
        const missing = await routeMessage(system, { ...asked, type });
        assert.deepEqual([missing.error, missing.reply?.errno], ['ESRCH', 'ESRCH']);
      }
    },
    inJailOn12,
  );

  states(
    'another gateway does not keep a route from being deleted',
    async (c) => {
      const jail = await connected(c);
      const { system } = jail;
      await run(system, (b) => addRoute(b, default4));
      const gateway = ip4(system, '10.85.0.77');
      const { error } = await routeMessage(system, message4(jail, { type: 'RTM_DELETE', gateway }));
      assert.equal(error, '');
    },
    inJailOn12,
  );

  states(
    'without RTF_GATEWAY it is a direct route, without RTF_UP one as well',
    async (c) => {
      const jail = await connected(c);
      const { system } = jail;
      for (const flags of [0x801, 0x802]) {
        const { error, reply } = await routeMessage(system, message4(jail, { flags }));
        assert.deepEqual([error, reply?.flags], ['', flags | done]);
        await run(system, (b) => deleteRoute(b, default4));
      }
    },
    inJailOn12,
  );

  states(
    'a mask of no length is one of zeros',
    async (c) => {
      const jail = await connected(c);
      const { system } = jail;
      const mask = new Uint8Array(8);
      const { error, value } = await routeMessage(system, message4(jail, { mask }));
      assert.deepEqual([error, value], ['', 192]);
      const gone = await routeMessage(system, message4(jail, { type: 'RTM_DELETE', mask }));
      assert.equal(gone.error, '');
      await refused(
        'ESRCH',
        run(system, (b) => deleteRoute(b, default4)),
      );
    },
    inJailOn12,
  );

  states(
    'without a mask the default route cannot be added',
    async (c) => {
      const jail = await connected(c);
      const { destination, gateway } = message4(jail);
      assert.ok(destination && gateway);
      const { error } = await routeMessage(jail.system, { destination, gateway });
      assert.equal(error, 'EEXIST');
    },
    inJailOn12,
  );

  const refusedMessages: [what: string, message: Partial<RouteMessage>, error: string, errno: string][] = [
    ['another version is EPROTONOSUPPORT', { version: 4 }, 'EPROTONOSUPPORT', ''],
    ['a length that is too long is EINVAL', { length: 208 }, 'EINVAL', ''],
    ['a length that is too short is EINVAL', { length: 152 }, 'EINVAL', ''],
    ['half a header is EINVAL', { written: 100 }, 'EINVAL', ''],
    ['an unknown type is EOPNOTSUPP', { type: 99 }, 'EOPNOTSUPP', 'EOPNOTSUPP'],
    ['no destination is EINVAL', { addrs: 6 }, 'EINVAL', 'EINVAL'],
    ['no address at all is EINVAL', { addrs: 0 }, 'EINVAL', 'EINVAL'],
  ];
  for (const [what, more, error, errno] of refusedMessages) {
    states(
      what,
      async (c) => {
        const jail = await connected(c);
        // What is shorter than a header comes back without the number by which it would be found.
        const outcome = await routeMessage(jail.system, message4(jail, more), more.written === undefined);
        assert.equal(outcome.error, error);
        if (outcome.reply === undefined) return;
        assert.equal(outcome.reply.errno, errno);
        // Nobody is told to be the sender of what was not understood.
        assert.equal(outcome.reply.pid === 0, errno === '');
      },
      inJailOn12,
    );
  }

  states(
    'addresses that are told of must be there',
    async (c) => {
      const jail = await connected(c);
      const destination = ip4(jail.system, '0.0.0.0');
      const { error } = await routeMessage(jail.system, { destination, addrs: 7 });
      assert.equal(error, 'EINVAL');
    },
    inJailOn12,
  );

  states(
    'an unknown family is EINVAL',
    async (c) => {
      const jail = await connected(c);
      const destination = Uint8Array.of(16, 99, ...new Uint8Array(14));
      const { error } = await routeMessage(jail.system, message4(jail, { destination }));
      assert.equal(error, 'EINVAL');
    },
    inJailOn12,
  );

  states(
    'a few bytes are ENOBUFS',
    async (c) => {
      const jail = await connected(c);
      const { error } = await routeMessage(jail.system, message4(jail, { written: 4 }), false);
      assert.equal(error, 'ENOBUFS');
    },
    inJailOn12,
  );
});

import assert from 'node:assert/strict';
import { addIPv4Address, addIPv6Address } from '../../src/kernel/freebsd/address.js';
import { interfaceIndex } from '../../src/kernel/freebsd/interface.js';
import { listInterfaceAddresses } from '../../src/kernel/freebsd/interface-addresses.js';
import { addRoute, defaultRouteInterface } from '../../src/kernel/freebsd/route.js';
import { listRoutes } from '../../src/kernel/freebsd/route-list.js';
import { isKernelError } from '../../src/kernel/error.js';
import { run, type FreeBSD } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, type On } from './harness/group.js';
import { stack, type Stack } from './harness/interfaces.js';

const inJail: On = { needs: ['vnet', 'processes', 'epair', 'bridge'] };

/** A jail whose interface is in 10.85.0.0/24 and fd85::/64. */
async function connected(c: Case): Promise<Stack> {
  const jail = await stack(c);
  await run(jail.system, (b) => [
    addIPv4Address(b, jail.name, { address: '10.85.0.2', prefix: 24 }),
    addIPv6Address(b, jail.name, { address: 'fd85::2', prefix: 64 }),
  ]);
  return jail;
}

group('addresses of interfaces', 'NET_RT_IFLIST: observed on 12.1', (states) => {
  states(
    'are all told, with their networks, but for link-local ones',
    async (c) => {
      const { system, name } = await connected(c);
      const found = (await listInterfaceAddresses(system)).filter((each) => each.interface === name);
      assert.deepEqual(found, [
        { interface: name, family: 'inet', address: '10.85.0.2', prefix: 24 },
        { interface: name, family: 'inet6', address: 'fd85::2', prefix: 64 },
      ]);
    },
    inJail,
  );

  states(
    'are none where nobody gave any',
    async (c) => {
      const { system } = await stack(c);
      assert.deepEqual(await listInterfaceAddresses(system), []);
    },
    inJail,
  );
});

for (const [family, inet, gateway, network, other] of [
  ['IPv4', 'inet', '10.85.0.1', '10.85.0.0', '10.7.0.0'],
  ['IPv6', 'inet6', 'fd85::1', 'fd85::', 'fd07::'],
] as const) {
  group(`routes that are listed, ${family}`, 'NET_RT_DUMP: observed on 12.1', (states) => {
    states(
      'are those that were added, and pinned ones that follow from addresses',
      async (c) => {
        const { system, name } = await connected(c);
        const prefix = inet === 'inet' ? 16 : 32;
        await run(system, (b) => [
          addRoute(b, { family, gateway }),
          addRoute(b, { family, gateway, network: { address: other, prefix } }),
        ]);
        const index = await run(system, (b) => interfaceIndex(b, name));
        const { RTF_GATEWAY, RTF_PINNED, RTF_STATIC, RTF_UP } = system.bindings.constants;
        const routes = (await listRoutes(system, inet)) ?? [];
        const flagsOf = (address: string, bits: number): number => {
          const found = routes.find((each) => each.address === address && each.prefix === bits);
          assert.equal(found?.index, index, address);
          return found?.flags ?? 0;
        };
        const isDefault = flagsOf(inet === 'inet' ? '0.0.0.0' : '::', 0);
        const byGateway = RTF_UP | RTF_GATEWAY | RTF_STATIC;
        assert.equal(isDefault & (byGateway | RTF_PINNED), byGateway);
        assert.equal(flagsOf(other, prefix) & (byGateway | RTF_PINNED), byGateway);
        const own = flagsOf(network, inet === 'inet' ? 24 : 64);
        assert.equal(own & (RTF_UP | RTF_GATEWAY | RTF_PINNED), RTF_UP | RTF_PINNED);
      },
      inJail,
    );

    states(
      'may be more than wanted',
      async (c) => {
        const { system } = await connected(c);
        assert.equal(await listRoutes(system, inet, 8), undefined);
      },
      inJail,
    );
  });

  group(`the interface of the default route, ${family}`, 'RTM_GET: observed on 12.1', (states) => {
    /** The answer is among the first messages: the kernel tells the socket of other changes too. */
    const ask = async (system: FreeBSD): Promise<number | undefined> => {
      for (let left = 8; left > 0; left--) {
        const index = await run(system, (b) => defaultRouteInterface(b, family));
        if (index !== undefined) return index;
      }
      return undefined;
    };

    states(
      'is told by its number',
      async (c) => {
        const { system, name } = await connected(c);
        await run(system, (b) => addRoute(b, { family, gateway }));
        assert.equal(await ask(system), await run(system, (b) => interfaceIndex(b, name)));
      },
      inJail,
    );

    states(
      'is ESRCH without a default route, whatever other routes there are',
      async (c) => {
        const { system } = await connected(c);
        const prefix = inet === 'inet' ? 16 : 32;
        await run(system, (b) => addRoute(b, { family, gateway, network: { address: other, prefix } }));
        await assert.rejects(ask(system), (error) => isKernelError(error, 'ESRCH'));
      },
      inJail,
    );
  });
}

import assert from 'node:assert/strict';
import { isKernelError } from '../../src/kernel/error.js';
import { addIPv4Address, addIPv6Address } from '../../src/kernel/freebsd/address.js';
import { tryPort, type Port } from '../../src/kernel/freebsd/bind.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, type On } from './harness/group.js';
import { stack } from './harness/interfaces.js';

const inJail: On = { needs: ['vnet', 'processes', 'epair', 'bridge'] };

for (const [family, all, own, foreign] of [
  ['IPv4', '0.0.0.0', '10.85.0.2', '10.85.0.3'],
  ['IPv6', '::', 'fd85::2', 'fd85::3'],
] as const) {
  group(`ports of servers, ${family}`, 'bind(2)', (states) => {
    /** What becomes of the second while there is the first. */
    const second = async (c: Case, first: Port, then: Port): Promise<string> => {
      const { system, name } = await stack(c);
      await run(system, (b) => [
        addIPv4Address(b, name, { address: '10.85.0.2', prefix: 24 }),
        addIPv6Address(b, name, { address: 'fd85::2', prefix: 64 }),
      ]);
      const [, outcome] = await run(system, (b) => [tryPort(b, first), b.attempt(() => tryPort(b, then))]);
      return isKernelError(outcome) ? outcome.code : '';
    };
    const tcp = (address: string, port = 8080): Port => ({ protocol: 'tcp', address, port });
    const rows: [what: string, first: Port, then: Port, error: string][] = [
      ['one has one holder', tcp(all), tcp(all), 'EADDRINUSE'],
      ['one at all addresses is one at each', tcp(all), tcp(own), 'EADDRINUSE'],
      ['one at an address is not to be had at all of them', tcp(own), tcp(all), 'EADDRINUSE'],
      ['tcp and udp have their own', tcp(all), { ...tcp(all), protocol: 'udp' }, ''],
      ['another number is another', tcp(all), tcp(all, 8081), ''],
      ['an address must be there', tcp(all), tcp(foreign, 8081), 'EADDRNOTAVAIL'],
    ];
    for (const [what, first, then, error] of rows) {
      states(
        what,
        async (c) => {
          assert.equal(await second(c, first, then), error);
        },
        inJail,
      );
    }

    states(
      'one is free when its socket is closed',
      async (c) => {
        const { system } = await stack(c);
        for (let round = 0; round < 2; round++) await run(system, (b) => tryPort(b, tcp(all)));
      },
      inJail,
    );
  });
}

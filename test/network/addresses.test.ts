import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { assignAddresses } from '../../src/network/addresses.js';
import { readNetworks, type NetworkSettings } from '../../src/network/settings.js';
import { leaseStore, type Holder, type LeaseStore } from '../../src/store/leases.js';
import { openNetworkStore } from '../../src/store/network-database.js';
import { chooseSeed, Random } from '../ttrpc/random.js';

function withLeases(body: (leases: LeaseStore) => void): void {
  const store = openNetworkStore(':memory:');
  try {
    body(leaseStore(store));
  } finally {
    store.close();
  }
}

function network(table: object, name = 'lan'): NetworkSettings {
  const [settings] = readNetworks({ [name]: table });
  assert.ok(settings);
  return settings;
}

function holder(id: string): Holder {
  return { namespace: 'default', id, interface: 'eth0' };
}

const small = network({ ipv4: '192.0.2.0/29', gateway: '192.0.2.3', ipv6: 'fd00::/64' });

suite('addresses of containers', () => {
  test('are one of each family, with what is needed to use them', () => {
    withLeases((leases) => {
      assert.deepEqual(assignAddresses(leases, small, holder('a')), [
        { family: 'inet', address: '192.0.2.1', prefix: 29, gateway: '192.0.2.3' },
        { family: 'inet6', address: 'fd00::2', prefix: 64, gateway: 'fd00::1' },
      ]);
    });
  });

  test('are never that of the network, of its gateway or of everybody, and end', () => {
    withLeases((leases) => {
      const taken = ['a', 'b', 'c', 'd', 'e'].map(
        (id) => assignAddresses(leases, small, holder(id))[0]?.address,
      );
      assert.deepEqual(taken, ['192.0.2.1', '192.0.2.2', '192.0.2.4', '192.0.2.5', '192.0.2.6']);
      assert.throws(() => assignAddresses(leases, small, holder('f')), {
        message: 'network lan: no address of 192.0.2.0/29 is free',
      });
    });
  });

  test('can be asked for', () => {
    withLeases((leases) => {
      const [v4, v6] = assignAddresses(leases, small, holder('a'), ['fd00::A', '192.0.2.6']);
      assert.deepEqual([v4?.address, v6?.address], ['192.0.2.6', 'fd00::a']);
      assert.deepEqual(assignAddresses(leases, small, holder('a'), ['192.0.2.6'])[0], v4);
    });
  });

  const refused: [string[], RegExp][] = [
    [['192.0.2.3'], /^network lan: address 192\.0\.2\.3 is taken by the gateway$/],
    [['192.0.2.4'], /^network lan: address 192\.0\.2\.4 is taken by container default\/b$/],
    [['192.0.2.0'], /address 192\.0\.2\.0 is not one for hosts/],
    [['192.0.2.7'], /address 192\.0\.2\.7 is not one for hosts/],
    [['fd00::'], /address fd00:: is not one for hosts/],
    [['fd00::1:0:0:0'], /address fd00::1:0:0:0 is not one for hosts/],
    [['198.51.100.1'], /address 198\.51\.100\.1 is not in 192\.0\.2\.0\/29 and fd00::\/64/],
    [['192.0.2.5', '192.0.2.6'], /two addresses of 192\.0\.2\.0\/29 are asked for/],
    [['web'], /'web' is not an IPv6 address/],
  ];
  for (const [asked, message] of refused) {
    test(`${asked.join(' and ')}: refused`, () => {
      withLeases((leases) => {
        assignAddresses(leases, small, holder('b'), ['192.0.2.4']);
        assert.throws(() => assignAddresses(leases, small, holder('a'), asked), { message });
      });
    });
  }

  test('are all different in a large pool, whatever comes and goes', (context) => {
    const seed = chooseSeed();
    context.diagnostic(`FUZZ_SEED=${seed}`);
    const random = new Random(seed);
    const wide = network({ ipv4: '10.88.0.0/16' });
    withLeases((leases) => {
      const held = new Map<string, string>();
      for (let step = 0; step < 5000; step++) {
        const id = `c${random.below(3000)}`;
        if (random.oneIn(3)) {
          leases.release({ namespace: 'default', id });
          held.delete(id);
        } else {
          const [assigned] = assignAddresses(leases, wide, holder(id));
          assert.ok(assigned);
          assert.equal(held.get(id) ?? assigned.address, assigned.address);
          held.set(id, assigned.address);
        }
      }
      assert.equal(new Set(held.values()).size, held.size);
      assert.ok(
        ![...held.values()].some((address) => ['10.88.0.0', '10.88.0.1', '10.88.255.255'].includes(address)),
      );
    });
  });
});

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { takeMac } from '../../src/network/mac.js';
import { macStore, type MacStore } from '../../src/store/macs.js';
import { openNetworkStore } from '../../src/store/network-database.js';

function withMacs(body: (macs: MacStore) => void): void {
  const store = openNetworkStore(':memory:');
  try {
    body(macStore(store));
  } finally {
    store.close();
  }
}

const web = { namespace: 'default', id: 'web', interface: 'eth0' };

suite('hardware addresses', () => {
  test('is unicast and locally administered, and the same each time', () => {
    const seen = new Set<string>();
    for (let round = 0; round < 3; round++) {
      withMacs((macs) => {
        const mac = takeMac(macs, web, 'host-1');
        assert.match(mac, /^02(:[0-9a-f]{2}){5}$/);
        assert.equal(takeMac(macs, web, 'host-1'), mac);
        seen.add(mac);
      });
    }
    assert.equal(seen.size, 1);
  });

  test('differs between interfaces, containers, namespaces and hosts', () => {
    withMacs((macs) => {
      const holders = [
        web,
        { ...web, interface: 'eth1' },
        { ...web, id: 'db' },
        { ...web, namespace: 'k8s.io' },
      ];
      const taken = holders.map((holder) => takeMac(macs, holder, 'host-1'));
      withMacs((others) => taken.push(takeMac(others, web, 'host-2')));
      assert.equal(new Set(taken).size, 5);
    });
  });

  test('parts that run together are not mistaken for each other', () => {
    withMacs((macs) => {
      const one = takeMac(macs, { ...web, namespace: 'ab', id: 'c' }, 'host-1');
      assert.notEqual(takeMac(macs, { ...web, namespace: 'a', id: 'bc' }, 'host-1'), one);
    });
  });

  test('one that is taken is not given to another; one that was released is', () => {
    let wanted = '';
    withMacs((macs) => (wanted = takeMac(macs, web, 'host-1')));
    withMacs((macs) => {
      const other = { ...web, id: 'other' };
      assert.equal(macs.take(other, [wanted]), wanted);
      const second = takeMac(macs, web, 'host-1');
      assert.notEqual(second, wanted);
      macs.release(web);
      macs.release({ namespace: 'default', id: 'other' });
      assert.equal(takeMac(macs, web, 'host-1'), wanted);
    });
  });

  test('when all are taken, the error names interface and container', () => {
    const full: MacStore = { take: () => undefined, release: () => undefined };
    assert.throws(
      () => takeMac(full, web, 'host-1'),
      /interface eth0 of web: 16 hardware addresses are all taken/,
    );
  });
});

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { resolvConf } from '../../src/network/resolv-conf.js';

const host =
  '# made by hand\nsearch example.org\nnameserver 127.0.0.1\nnameserver 192.0.2.53\n  nameserver ::1\noptions edns0\n';

suite('the resolv.conf of a container', () => {
  test('is that of the host, word for word, if it shares its network', () => {
    assert.equal(resolvConf([], host, false), host);
  });

  test('has no name servers of the host’s loopback if it has a network of its own', () => {
    assert.equal(resolvConf([], host, true), 'search example.org\noptions edns0\nnameserver 192.0.2.53\n');
  });

  test('has those of the network rather than those of the host', () => {
    assert.equal(
      resolvConf(['10.88.0.1', '10.88.0.2', '10.88.0.3', '10.88.0.4'], host, true),
      'search example.org\noptions edns0\nnameserver 10.88.0.1\nnameserver 10.88.0.2\nnameserver 10.88.0.3\n',
    );
  });

  test('is empty if nobody knows a name server', () => {
    assert.equal(resolvConf([], '', true), '');
  });
});

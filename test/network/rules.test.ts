import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BatchBuilder } from '../../src/kernel/freebsd/batch-builder.js';
import { checkAnchor } from '../../src/kernel/freebsd/pf-anchor.js';
import { writeRule } from '../../src/kernel/freebsd/pf-rule-writer.js';
import { selectBindings } from '../../src/kernel/bindings/select.js';
import { containerAnchor, networkAnchor } from '../../src/network/anchors.js';
import { parsePorts } from '../../src/network/ports.js';
import { parsePrefix } from '../../src/network/prefix.js';
import { containerRules, networkRules, type RuledNetwork } from '../../src/network/rules.js';
import { rulesText, ruleText } from '../../src/network/rules-text.js';

const v4 = { prefix: parsePrefix('pool', '10.88.0.0/16'), gateway: '10.88.0.1' };
const v6 = { prefix: parsePrefix('pool', 'fd00:88::/64'), gateway: 'fd00:88::1' };
const network: RuledNetwork = { bridge: 'jail0', outside: 'vtnet0', subnets: [v4, v6] };
const addresses = { inet: '10.88.0.5', inet6: 'fd00:88::5' };

function published(text: string, of: RuledNetwork = network, at: object = addresses): string[] {
  const rules = containerRules(of, {
    addresses: at,
    ports: parsePorts('publish', text),
    label: 'default/web',
  });
  return rulesText(rules).split('\n').slice(0, -1);
}

suite('the rules of a network', () => {
  test('translate what leaves by the outside interface, of each family', () => {
    assert.equal(
      rulesText(networkRules(network)),
      'nat on vtnet0 inet from 10.88.0.0/16 to ! 10.88.0.0/16 -> (vtnet0:0)\n' +
        'nat on vtnet0 inet6 from fd00:88::/64 to ! fd00:88::/64 -> (vtnet0:0)\n',
    );
  });

  test('are none without an outside interface', () => {
    assert.deepEqual(networkRules({ ...network, outside: undefined }), {});
  });
});

suite('the rules of a container', () => {
  test('are none without published ports', () => {
    assert.deepEqual(published(''), []);
  });

  test('publish a port at the outside interface and at the gateway, of both families', () => {
    assert.deepEqual(published('8080:80'), [
      'nat on jail0 inet proto tcp from 10.88.0.0/16 to 10.88.0.5 port 80 -> 10.88.0.1',
      'nat on jail0 inet6 proto tcp from fd00:88::/64 to fd00:88::5 port 80 -> fd00:88::1',
      'rdr inet proto tcp from any to (vtnet0:0) port 8080 -> 10.88.0.5 port 80',
      'rdr inet proto tcp from any to 10.88.0.1 port 8080 -> 10.88.0.5 port 80',
      'rdr inet6 proto tcp from any to (vtnet0:0) port 8080 -> fd00:88::5 port 80',
      'rdr inet6 proto tcp from any to fd00:88::1 port 8080 -> fd00:88::5 port 80',
      'pass inet proto tcp from any to 10.88.0.5 port 80 label "default/web"',
      'pass inet6 proto tcp from any to fd00:88::5 port 80 label "default/web"',
    ]);
  });

  test('publish at the one address that was asked for, and at no other', () => {
    assert.deepEqual(published('192.0.2.1:53-54:5353-5354/udp'), [
      'nat on jail0 inet proto udp from 10.88.0.0/16 to 10.88.0.5 port 5353:5354 -> 10.88.0.1',
      'rdr inet proto udp from any to 192.0.2.1 port 53:54 -> 10.88.0.5 port 5353:5354',
      'pass inet proto udp from any to 10.88.0.5 port 5353:5354 label "default/web"',
    ]);
  });

  test('publish for one family only where 0.0.0.0 or :: is said, or the container has no other', () => {
    const families = (lines: string[]): string[] => [
      ...new Set(lines.map((line) => /inet6?/.exec(line)?.[0] ?? '')),
    ];
    assert.deepEqual(families(published('0.0.0.0:80:80')), ['inet']);
    assert.deepEqual(families(published('[::]:80:80')), ['inet6']);
    assert.deepEqual(families(published('80:80', network, { inet: '10.88.0.5' })), ['inet']);
  });

  test('redirect nothing that is not for this host', () => {
    for (const text of ['80:80', '0.0.0.0:80:80', '192.0.2.1:80:80', '[2001:db8::1]:80:80']) {
      const redirections = published(text).filter((line) => line.startsWith('rdr'));
      assert.ok(redirections.length > 0);
      for (const line of redirections) assert.doesNotMatch(line, /to any/);
    }
  });

  test('publish at the gateway alone without an outside interface', () => {
    const lines = published('80:80', { ...network, outside: undefined, subnets: [v4] });
    assert.deepEqual(
      lines.filter((line) => line.startsWith('rdr')),
      ['rdr inet proto tcp from any to 10.88.0.1 port 80 -> 10.88.0.5 port 80'],
    );
  });

  test('are such as the kernel takes, on every release', () => {
    const rules = [
      networkRules(network),
      containerRules(network, { addresses, ports: parsePorts('publish', '80:80,1-9:11-19/udp'), label: 'x' }),
    ].flatMap(({ nat = [], rdr = [], filter = [] }) => [...nat, ...rdr, ...filter]);
    assert.ok(rules.length >= 10);
    for (const release of [1200000, 1300000, 1400000, 1500000]) {
      const bindings = selectBindings(release, 'amd64');
      for (const rule of rules) {
        const b = new BatchBuilder(bindings);
        writeRule(b, b.arena.reserve(bindings.layouts.pf_rule.size), rule);
      }
    }
  });
});

suite('rules as text', () => {
  test('what rules need not say is left out', () => {
    assert.equal(ruleText({ kind: 'filter', action: 'block' }), 'block all');
    assert.equal(ruleText({ kind: 'nat', to: undefined, interface: 'em0' }), 'no nat on em0 all');
    assert.equal(
      ruleText({
        kind: 'filter',
        action: 'block',
        direction: 'in',
        quick: true,
        protocol: 'icmp6',
        family: 'inet6',
      }),
      'block in quick inet6 proto ipv6-icmp all',
    );
    assert.equal(
      ruleText({
        kind: 'rdr',
        pass: true,
        to: { network: '10.0.0.2' },
        source: { ports: { first: 1, last: 2 } },
      }),
      'rdr pass from any port 1:2 to any -> 10.0.0.2',
    );
  });
});

suite('anchors', () => {
  const bindings = selectBindings(1400000, 'amd64');
  test('have names that the kernel takes, also for the longest ids and networks', () => {
    const longest = { namespace: 'n'.repeat(76), id: 'i'.repeat(76) };
    for (const anchor of [
      containerAnchor(longest),
      containerAnchor({ namespace: 'a', id: 'é/..' }),
      networkAnchor('n'.repeat(32)),
    ]) {
      assert.equal(checkAnchor('anchor', anchor, bindings), anchor);
    }
  });

  test('are different for the same id in two namespaces, and for ids that begin alike', () => {
    const anchors = [
      { namespace: 'a', id: 'web' },
      { namespace: 'b', id: 'web' },
      { namespace: 'a', id: `${'i'.repeat(70)}1` },
      { namespace: 'a', id: `${'i'.repeat(70)}2` },
    ].map(containerAnchor);
    assert.equal(new Set(anchors).size, 4);
    assert.match(anchors[0] ?? '', /^containerd-shim-jail\/container-[0-9a-f]{12}-web$/);
  });
});

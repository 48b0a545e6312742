import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { RulesetLoader } from '../../src/kernel/freebsd/pf-load.js';
import { loadedRules, loadedRulesText } from '../../src/network/loaded-rules.js';
import { parsePorts } from '../../src/network/ports.js';
import { findAnchor } from '../model/pf-anchors.js';
import { openHost, readyHost, start, stop } from './harness.js';

for (const release of [12, 14, 15] as const) {
  suite(`the rules that are loaded, on FreeBSD ${release}`, () => {
    test('are read back from the kernel, and say whose they are', async () => {
      const host = await readyHost(release, { lan: { ipv4: '10.5.0.0/24' } });
      const web = await start(host, 'web', {
        network: 'lan',
        ports: parsePorts('publish', '8080:80,53:53/udp'),
      });
      const db = await start(host, 'db', { network: 'lan' });
      await new RulesetLoader(host.system).load('containerd-shim-jail/x', {
        filter: [{ kind: 'filter', action: 'block' }],
      });
      const anchors = await loadedRules(host.system, ['lan'], host.leases);
      const text = loadedRulesText(anchors).replace(/container-[0-9a-f]{12}/, 'container-HASH');
      assert.equal(
        text,
        [
          '# anchor "containerd-shim-jail/container-HASH-web"',
          '# container default/web',
          'nat on jail-lan inet proto tcp from 10.5.0.0/24 to 10.5.0.2 port 80 -> 10.5.0.1',
          'nat on jail-lan inet proto udp from 10.5.0.0/24 to 10.5.0.2 port 53 -> 10.5.0.1',
          'rdr inet proto tcp from any to (vtnet0:0) port 8080 -> 10.5.0.2 port 80',
          'rdr inet proto tcp from any to 10.5.0.1 port 8080 -> 10.5.0.2 port 80',
          'rdr inet proto udp from any to (vtnet0:0) port 53 -> 10.5.0.2 port 53',
          'rdr inet proto udp from any to 10.5.0.1 port 53 -> 10.5.0.2 port 53',
          'pass inet proto tcp from any to 10.5.0.2 port 80 label "default/web"',
          'pass inet proto udp from any to 10.5.0.2 port 53 label "default/web"',
          '',
          '# anchor "containerd-shim-jail/network-lan"',
          '# network lan',
          'nat on vtnet0 inet from 10.5.0.0/24 to ! 10.5.0.0/24 -> (vtnet0:0)',
          '',
          '# anchor "containerd-shim-jail/x"',
          '# of nobody who is known',
          'block all',
          '',
        ].join('\n'),
      );
      await stop(host, web);
      await stop(host, db);
      host.close();
    });
  });
}

suite('the rules that are loaded', () => {
  test('may hold what ours do not say', async () => {
    const host = await readyHost();
    await new RulesetLoader(host.system).load('containerd-shim-jail/x', {
      filter: [{ kind: 'filter', action: 'pass' }],
    });
    const { freebsd, system } = host.model;
    const rule = findAnchor(system.network.host.filter, 'containerd-shim-jail/x')?.rulesets[1]?.active
      .rules[0];
    const { pf_rule, pf_rule_addr } = freebsd.bindings.layouts;
    assert.ok(rule);
    rule.bytes[pf_rule.fields.dst.offset + pf_rule_addr.fields.port_op.offset] =
      freebsd.bindings.constants.PF_OP_LT;
    const [only] = await loadedRules(host.system, [], host.leases);
    assert.match(only?.rules.join() ?? '', /^# a rule that is not one of containerd-shim-jail$/);
    host.close();
  });

  test('are none where there are none, and an error without a packet filter', async () => {
    const host = await readyHost();
    assert.equal(loadedRulesText(await loadedRules(host.system, ['default'], host.leases)), '');
    host.close();
    const without = await openHost(14, undefined, { modules: ['if_bridge'] });
    await assert.rejects(loadedRules(without.system, [], without.leases), { call: 'openat', code: 'ENOENT' });
    without.close();
  });
});

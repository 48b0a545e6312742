import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { RulesetLoader, type Rulesets } from '../../../src/kernel/freebsd/pf-load.js';
import { readRules } from '../../../src/kernel/freebsd/pf-rule-reader.js';
import { openModel } from '../../model/model.js';
import { callAnchor } from '../../model/pf-main.js';

const rulesets: Required<Rulesets> = {
  nat: [
    {
      kind: 'nat',
      interface: 'vtnet0',
      family: 'inet',
      source: { address: { network: '10.88.0.0', prefix: 16 } },
      destination: { address: { network: '10.88.0.0', prefix: 16 }, not: true },
      to: { interface: 'vtnet0' },
    },
    { kind: 'nat', family: 'inet6', to: { network: 'fd00::1' }, ports: { first: 100, last: 200 } },
    { kind: 'nat', interface: 'em0', to: undefined },
  ],
  rdr: [
    {
      kind: 'rdr',
      family: 'inet',
      protocol: 'tcp',
      destination: { address: { interface: 'vtnet0' }, ports: { first: 8000, last: 8010 } },
      to: { network: '10.88.0.5' },
      ports: { first: 80, last: 90 },
    },
    {
      kind: 'rdr',
      family: 'inet6',
      protocol: 'udp',
      destination: { address: { network: '2001:db8::1' }, ports: { first: 53 } },
      to: { network: 'fd00::5' },
      ports: { first: 5353 },
      pass: true,
    },
  ],
  filter: [
    {
      kind: 'filter',
      action: 'pass',
      family: 'inet',
      protocol: 'tcp',
      destination: { address: { network: '10.88.0.5' }, ports: { first: 80, last: 90 } },
      label: 'default/web',
    },
    { kind: 'filter', action: 'block', direction: 'in', quick: true, protocol: 'icmp6', family: 'inet6' },
    { kind: 'filter', action: 'pass', protocol: 'udp', source: { ports: { first: 1 } } },
  ],
};

for (const release of [12, 13, 14, 15] as const) {
  suite(`rules that are read from FreeBSD ${release}`, () => {
    test('are those that were loaded', async () => {
      const { freebsd } = openModel(release);
      await new RulesetLoader(freebsd).load('a', rulesets);
      for (const kind of ['nat', 'rdr', 'filter'] as const) {
        assert.deepEqual(await readRules(freebsd, 'a', kind), rulesets[kind]);
      }
    });

    test('that say more than ours can are told to be there', async () => {
      const { freebsd, system } = openModel(release);
      callAnchor(system, 'x/*');
      assert.deepEqual(await readRules(freebsd, '', 'filter'), [undefined]);
    });

    test('are those of an anchor that is there', async () => {
      await assert.rejects(readRules(openModel(release).freebsd, 'none', 'nat'), { code: 'EINVAL' });
    });
  });
}

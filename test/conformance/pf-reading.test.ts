import assert from 'node:assert/strict';
import { rulesetKinds } from '../../src/kernel/freebsd/pf-anchor.js';
import { RulesetLoader, type Rulesets } from '../../src/kernel/freebsd/pf-load.js';
import { readRules } from '../../src/kernel/freebsd/pf-rule-reader.js';
import { listRules } from '../../src/kernel/freebsd/pf-rules.js';
import { readStruct, readText } from '../../src/kernel/layout.js';
import type { Case } from './harness/case.js';
import { group } from './harness/group.js';
import { addRaw, anchorName, begun, commits, loaded, pfStruct, ruleCount } from './harness/pf.js';

const needs = { needs: ['packet filter'] } as const;

/** PF_RULESET_FILTER */
const filter = 1;

/** Begins one kind of rules of an anchor of its own. */
const begin = async (c: Case, kind: number): Promise<{ anchor: string; ticket: number }> => {
  const anchor = anchorName(c);
  const [ticket = 0] = await begun(c, [kind, anchor]);
  return { anchor, ticket };
};

group(
  'pf(4): reading rules',
  'observed on 12.1',
  (states) => {
    states('what is not committed cannot be read', async (c) => {
      const { anchor, ticket } = await begin(c, filter);
      assert.equal(await addRaw(c, { anchor, ticket }), '');
      assert.equal((await ruleCount(c, anchor, c.constants.PF_PASS)).count, 0);
      await commits(c, '', [filter, anchor, ticket]);
      assert.equal((await ruleCount(c, anchor, c.constants.PF_PASS)).count, 1);
    });

    states('they are those of an anchor that is there', async (c) => {
      assert.equal((await ruleCount(c, c.name('pf'), c.constants.PF_PASS)).error, 'EINVAL');
    });

    states('they come in their order, with what was said in them', async (c) => {
      const anchor = anchorName(c);
      const loader = new RulesetLoader(c.system);
      await loader.load(anchor, {
        filter: [
          { kind: 'filter', action: 'pass', label: 'first', interface: 'lo0' },
          { kind: 'filter', action: 'block', label: 'second', direction: 'in', quick: true },
        ],
      });
      const { PF_DROP, PF_PASS } = c.constants;
      assert.deepEqual(await listRules(c.system, anchor, 'filter'), [
        { action: PF_PASS, label: 'first', interface: 'lo0', anchorCall: '' },
        { action: PF_DROP, label: 'second', interface: '', anchorCall: '' },
      ]);
      assert.deepEqual(await listRules(c.system, anchor, 'nat'), []);
    });

    states('they come as they were loaded, with where they lead', async (c) => {
      const anchor = anchorName(c);
      const rules: Required<Rulesets> = {
        nat: [
          {
            kind: 'nat',
            interface: 'lo0',
            family: 'inet',
            source: { address: { network: '10.86.0.0', prefix: 24 } },
            destination: { address: { network: '10.86.0.0', prefix: 24 }, not: true },
            to: { interface: 'lo0' },
          },
        ],
        rdr: [
          {
            kind: 'rdr',
            family: 'inet',
            protocol: 'tcp',
            destination: { address: { network: '10.86.0.1' }, ports: { first: 8000, last: 8010 } },
            to: { network: '10.86.0.5' },
            ports: { first: 80, last: 90 },
          },
        ],
        filter: [{ kind: 'filter', action: 'block', direction: 'in', quick: true, protocol: 'udp' }],
      };
      await new RulesetLoader(c.system).load(anchor, rules);
      for (const kind of rulesetKinds) {
        assert.deepEqual(await readRules(c.system, anchor, kind), rules[kind]);
      }
    });

    const readRule = async (c: Case, anchor: string, action: number, ticket: number, nr: number) => {
      const { pfioc_rule, pf_rule } = c.system.bindings.layouts;
      const { error, bytes } = await pfStruct(c, 'DIOCGETRULE', 'pfioc_rule', (arena, at) => {
        arena.writeStruct(at, pfioc_rule, { anchor, ticket, nr });
        arena.writeStruct(at + pfioc_rule.fields.rule.offset, pf_rule, { action });
      });
      return { error, rule: bytes.subarray(pfioc_rule.fields.rule.offset) };
    };

    states(
      'the ticket of the active rules and a number that there is are needed',
      async (c) => {
        const anchor = anchorName(c);
        await loaded(c, filter, anchor, [{}]);
        const { PF_PASS } = c.constants;
        const { ticket } = await ruleCount(c, anchor, PF_PASS);
        assert.equal((await readRule(c, anchor, PF_PASS, ticket, 0)).error, '');
        assert.equal((await readRule(c, anchor, PF_PASS, ticket, 1)).error, 'EBUSY');
        assert.equal((await readRule(c, anchor, PF_PASS, ticket + 1, 0)).error, 'EBUSY');
      },
      { releases: [12, 13, 14] },
    );

    states(
      'a rule of network translation comes back as it was loaded',
      async (c) => {
        const anchor = anchorName(c);
        await new RulesetLoader(c.system).load(anchor, {
          nat: [
            {
              kind: 'nat',
              interface: 'nosuch0',
              label: 'mine',
              source: { address: { network: '10.0.0.0', prefix: 24 } },
              to: { interface: 'nosuch0' },
            },
          ],
        });
        const { PF_ADDR_DYNIFTL, PF_NAT } = c.constants;
        const { layouts } = c.system.bindings;
        const { ticket } = await ruleCount(c, anchor, PF_NAT);
        const { error, rule: bytes } = await readRule(c, anchor, PF_NAT, ticket, 0);
        assert.equal(error, '');
        const rule = readStruct(bytes, 0, layouts.pf_rule);
        const { addr, mask } = readStruct(bytes, layouts.pf_rule.fields.src.offset, layouts.pf_addr_wrap);
        const pool = readStruct(bytes, layouts.pf_rule.fields.rpool.offset, layouts.pf_pool);
        assert.deepEqual(
          [rule.action, readText(rule.ifname), readText(rule.label)],
          [PF_NAT, 'nosuch0', 'mine'],
        );
        assert.deepEqual([...addr.subarray(0, 4), ...mask.subarray(0, 4)], [10, 0, 0, 0, 255, 255, 255, 0]);
        // 50001 and 65535 in the order of the host.
        assert.deepEqual([...pool.proxy_port], [0x51, 0xc3, 0xff, 0xff]);
        const address = await readAddress(c, anchor, PF_NAT, ticket);
        assert.deepEqual([address.type, readText(address.ifname)], [PF_ADDR_DYNIFTL, 'nosuch0']);
      },
      { releases: [12, 13, 14] },
    );

    states(
      'a rule of redirection comes back as it was loaded',
      async (c) => {
        const anchor = anchorName(c);
        await new RulesetLoader(c.system).load(anchor, {
          rdr: [
            {
              kind: 'rdr',
              protocol: 'tcp',
              destination: { address: { network: '10.0.2.15' }, ports: { first: 8080 } },
              to: { network: '10.5.0.2' },
              ports: { first: 80 },
              pass: true,
            },
          ],
        });
        const { PF_ADDR_ADDRMASK, PF_OP_EQ, PF_RDR } = c.constants;
        const { layouts } = c.system.bindings;
        const { ticket } = await ruleCount(c, anchor, PF_RDR);
        const { error, rule: bytes } = await readRule(c, anchor, PF_RDR, ticket, 0);
        assert.equal(error, '');
        const rule = readStruct(bytes, 0, layouts.pf_rule);
        const end = readStruct(bytes, layouts.pf_rule.fields.dst.offset, layouts.pf_rule_addr);
        const pool = readStruct(bytes, layouts.pf_rule.fields.rpool.offset, layouts.pf_pool);
        assert.deepEqual([rule.action, rule.proto, rule.natpass], [PF_RDR, 6, 1]);
        assert.deepEqual([end.port_op, ...end.port], [PF_OP_EQ, 0x1f, 0x90, 0, 0]);
        assert.deepEqual([...pool.proxy_port], [80, 0, 80, 0]);
        const address = await readAddress(c, anchor, PF_RDR, ticket);
        assert.deepEqual([address.type, ...address.addr.subarray(0, 4)], [PF_ADDR_ADDRMASK, 10, 5, 0, 2]);
      },
      { releases: [12, 13, 14] },
    );

    const readAddress = async (c: Case, anchor: string, action: number, ticket: number) => {
      const { pfioc_pooladdr, pf_addr_wrap } = c.system.bindings.layouts;
      const request = { anchor, ticket, r_action: action, r_num: 0 };
      for (const name of ['DIOCGETADDRS', 'DIOCGETADDR'] as const) {
        const { error, bytes } = await pfStruct(c, name, 'pfioc_pooladdr', (arena, at) => {
          arena.writeStruct(at, pfioc_pooladdr, request);
        });
        assert.equal(error, '', name);
        if (name === 'DIOCGETADDR') return readStruct(bytes, pfioc_pooladdr.fields.addr.offset, pf_addr_wrap);
        assert.equal(readStruct(bytes, 0, pfioc_pooladdr).nr, 1);
      }
      throw new Error('no address');
    };
  },
  needs,
);

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allBindings } from '../../../src/kernel/bindings/select.js';
import { BatchBuilder } from '../../../src/kernel/freebsd/batch-builder.js';
import {
  addRule,
  beginPool,
  beginRulesets,
  commitRulesets,
  rollBackRulesets,
} from '../../../src/kernel/freebsd/pf-transaction.js';
import { builtRequests } from './requests.js';

for (const bindings of allBindings) {
  describe(`transactions of FreeBSD ${bindings.release} on ${bindings.arch}`, () => {
    it('names three rulesets of 1032 bytes each', () => {
      const b = new BatchBuilder(bindings);
      commitRulesets(b, 0, 'top/c1', { nat: 1, rdr: 0x0203_0405, filter: 0xffff_ffff });
      const { arena, calls, fixups } = b.batch();
      const [fixup] = fixups;
      const view = new DataView(arena.buffer);
      const at = calls[0]?.args[2];
      assert.ok(typeof at === 'object' && 'arena' in at && fixup);
      assert.deepEqual([view.getInt32(at.arena, true), view.getInt32(at.arena + 4, true)], [3, 1032]);
      assert.equal(fixup.at, at.arena + 8);
      const elements = [0, 1, 2].map((index) => {
        const start = fixup.to + index * 1032;
        const anchor = Buffer.from(arena.slice(start + 4, start + 4 + 7)).toString();
        return [view.getInt32(start, true), anchor, view.getUint32(start + 1028, true)];
      });
      assert.deepEqual(elements, [
        [2, 'top/c1\0', 1],
        [4, 'top/c1\0', 0x0203_0405],
        [1, 'top/c1\0', 0xffff_ffff],
      ]);
    });

    it('has the numbers of pfvar.h', () => {
      const tickets = { nat: 1, rdr: 1, filter: 1 };
      const requests = builtRequests(bindings, (b) => [
        beginRulesets(b, 0, 'a'),
        beginPool(b, 0),
        commitRulesets(b, 0, 'a', tickets),
        rollBackRulesets(b, 0, 'a', tickets),
      ]);
      assert.deepEqual(
        requests.map(({ number }) => number),
        [0xc010_4451, 0xc470_4433, 0xc010_4452, 0xc010_4453],
      );
    });
  });
}

describe('transactions', () => {
  const [bindings] = allBindings;
  assert.ok(bindings);
  const rule = { kind: 'filter', action: 'pass' } as const;
  const tickets = { nat: 1, rdr: 1, filter: 1 };

  it('refuses anchors and tickets that cannot be', () => {
    const b = new BatchBuilder(bindings);
    assert.throws(() => beginRulesets(b, 0, ''), { message: 'anchor: empty' });
    assert.throws(() => commitRulesets(b, 0, 'a', { ...tickets, rdr: -1 }), {
      message: 'ticket of rdr: -1 is not an integer from 0 to 4294967295',
    });
    assert.throws(() => addRule(b, 0, { anchor: 'a/*', ticket: 1, poolTicket: 1 }, rule), RangeError);
    assert.throws(() => addRule(b, 0, { anchor: 'a', ticket: 2 ** 32, poolTicket: 1 }, rule), {
      message: 'ticket: 4294967296 is not an integer from 0 to 4294967295',
    });
    assert.throws(() => addRule(b, 0, { anchor: 'a', ticket: 1, poolTicket: 1.5 }, rule), {
      message: 'pool ticket: 1.5 is not an integer from 0 to 4294967295',
    });
  });
});

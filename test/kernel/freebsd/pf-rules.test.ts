import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findAnchorCalls, missingCallsMessage } from '../../../src/kernel/freebsd/pf-anchor-calls.js';
import { openPacketFilter } from '../../../src/kernel/freebsd/pf-device.js';
import { RulesetLoader } from '../../../src/kernel/freebsd/pf-load.js';
import { countRules, listRules } from '../../../src/kernel/freebsd/pf-rules.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { openModel } from '../../model/model.js';
import { callAnchor } from '../../model/pf-main.js';

for (const release of [12, 13, 14, 15] as const) {
  describe(`rules of FreeBSD ${release}`, () => {
    it('are read in their order, however many there are', async () => {
      const { freebsd } = openModel(release);
      const names = Array.from({ length: 200 }, (_, index) => `rule ${index}`);
      await new RulesetLoader(freebsd).load('a', {
        filter: names.map((label) => ({ kind: 'filter', action: 'pass', label })),
      });
      const rules = await listRules(freebsd, 'a', 'filter');
      assert.deepEqual(
        rules.map(({ label }) => label),
        names,
      );
      const { count } = await run(freebsd, (b) => countRules(b, openPacketFilter(b), 'a', 'filter'));
      assert.equal(count, 200);
    });

    it('are those of an anchor that is there', async () => {
      const { freebsd } = openModel(release);
      await assert.rejects(listRules(freebsd, 'none', 'rdr'), {
        message: 'ioctl: anchor none: DIOCGETRULES of rdr: EINVAL',
      });
      await assert.rejects(listRules(freebsd, 'a b', 'rdr'), RangeError);
    });

    it('of the main ruleset tell which anchors it calls', async () => {
      const { freebsd, system } = openModel(release);
      const none = { nat: false, rdr: false, filter: false };
      assert.deepEqual(await findAnchorCalls(freebsd, 'top'), none);
      // None of these asks the anchors directly below "top".
      for (const call of ['top', '*', 'top/c1', 'top/c1/*', 'other/*', 'xtop/*']) callAnchor(system, call);
      assert.deepEqual(await findAnchorCalls(freebsd, 'top'), none);
      callAnchor(system, 'top/*', ['nat']);
      callAnchor(system, '/top/*', ['rdr']);
      assert.deepEqual(await findAnchorCalls(freebsd, 'top'), { nat: true, rdr: true, filter: false });
      callAnchor(system, 'top/*', ['filter']);
      assert.deepEqual(await findAnchorCalls(freebsd, 'top'), { nat: true, rdr: true, filter: true });
    });
  });
}

describe('listRules', () => {
  it('begins again when rules are replaced while it reads', async () => {
    const model = openModel(14);
    const loader = new RulesetLoader(model.freebsd);
    await loader.load('a', { filter: [{ kind: 'filter', action: 'pass', label: 'old' }] });
    let batches = 0;
    const kernel = {
      platform: 'freebsd' as const,
      run: async (batch: Parameters<typeof model.kernel.run>[0]) => {
        batches++;
        if (batches === 2) {
          await loader.load('a', { filter: [{ kind: 'filter', action: 'block', label: 'new' }] });
        }
        return model.kernel.run(batch);
      },
      close: () => undefined,
    };
    const rules = await listRules({ kernel, bindings: model.freebsd.bindings }, 'a', 'filter');
    assert.deepEqual(
      rules.map(({ label }) => label),
      ['new'],
    );
  });
});

describe('missingCallsMessage', () => {
  const begin =
    'packet filter: no rule of the main ruleset calls the anchors below "top", so theirs have no effect: ';
  const end = " and load it with 'pfctl -f /etc/pf.conf'";

  it('tells the lines that pf.conf(5) lacks', () => {
    assert.equal(
      missingCallsMessage('top', { nat: false, rdr: false, filter: false }),
      `${begin}add 'nat-anchor "top/*"', 'rdr-anchor "top/*"' and 'anchor "top/*"' to /etc/pf.conf, ` +
        `translation before filter rules,${end}`,
    );
    assert.equal(
      missingCallsMessage('top', { nat: true, rdr: false, filter: false }, ['nat', 'rdr']),
      `${begin}add 'rdr-anchor "top/*"' to /etc/pf.conf, translation before filter rules,${end}`,
    );
    assert.equal(
      missingCallsMessage('top', { nat: true, rdr: true, filter: false }),
      `${begin}add 'anchor "top/*"' to /etc/pf.conf${end}`,
    );
  });

  it('tells nothing if nothing is missing that is needed', () => {
    assert.equal(missingCallsMessage('top', { nat: true, rdr: true, filter: true }), undefined);
    assert.equal(missingCallsMessage('top', { nat: true, rdr: false, filter: false }, ['nat']), undefined);
  });
});

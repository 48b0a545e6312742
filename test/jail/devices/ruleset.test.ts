import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  makeRuleset,
  removeRuleset,
  requireRules,
  type RulesetDetail,
} from '../../../src/jail/devices/ruleset.js';
import { usualRules } from '../../../src/jail/devices/usual.js';
import { isKernelError } from '../../../src/kernel/error.js';
import { addDevfsRule, listDevfsRules } from '../../../src/kernel/freebsd/devfs-rules.js';
import { close, open, openTemporarily, readDirectory } from '../../../src/kernel/freebsd/file.js';
import { mount, unmount } from '../../../src/kernel/freebsd/mount.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { openModel, type Model } from '../../model/model.js';
import { MemoryJournal } from '../journal.js';

async function undo(model: Model, journal: MemoryJournal): Promise<void> {
  for (const { seq, detail } of journal.entries()) {
    await removeRuleset(model.freebsd, detail as RulesetDetail);
    journal.unmade(seq);
  }
}

function addRule(model: Model, ruleset: number, number: number): Promise<void> {
  return run(model.freebsd, (b) => {
    return addDevfsRule(b, openTemporarily(b, '/dev', { directory: true }), ruleset, number, { hide: true });
  });
}

async function rulesOf(model: Model, ruleset: number): Promise<number> {
  const dev = await run(model.freebsd, (b) => open(b, '/dev', { directory: true }));
  const rules = await listDevfsRules(model.freebsd, dev, ruleset);
  await run(model.freebsd, (b) => close(b, dev));
  return rules.length;
}

/** What is seen in a devfs with a ruleset. */
async function visible(model: Model, ruleset: number): Promise<string[]> {
  await run(model.freebsd, (b) => mount(b, { type: 'devfs', target: '/mnt', ruleset }));
  const { entries } = await run(model.freebsd, (b) => readDirectory(b, openTemporarily(b, '/mnt'), '/mnt'));
  await run(model.freebsd, (b) => unmount(b, { path: '/mnt' }));
  return entries.map(({ name }) => name).sort();
}

describe('the ruleset of a container', () => {
  it('shows the usual devices, and those that were asked for', async () => {
    const model = openModel(12);
    const journal = new MemoryJournal();
    const devices = [{ pattern: 'bpf*', unhide: true, mode: 0o660 }];
    const usual = await makeRuleset(model.freebsd, usualRules, journal);
    const more = await makeRuleset(model.freebsd, [...usualRules, ...devices], journal);
    const shown = ['fd', 'full', 'null', 'random', 'stderr', 'stdin', 'stdout', 'urandom', 'zero'];
    assert.deepEqual(await visible(model, usual), shown);
    assert.deepEqual(await visible(model, more), ['bpf', 'bpf0', ...shown]);
    await undo(model, journal);
    assert.deepEqual(model.remains(), []);
  });

  it('has a number of its own', async () => {
    const model = openModel(12);
    await addRule(model, 20_001, 100);
    await run(model.freebsd, (b) => mount(b, { type: 'devfs', target: '/mnt', ruleset: 20_002 }));
    const journal = new MemoryJournal();
    const numbers = [20_001, 20_002, 20_003, 20_003, 20_004];
    const next = (): number => numbers.shift() ?? assert.fail('no number is left');
    assert.equal(await makeRuleset(model.freebsd, usualRules, journal, next), 20_003);
    assert.equal(await makeRuleset(model.freebsd, usualRules, journal, next), 20_004);
    await undo(model, journal);
    assert.equal(await rulesOf(model, 20_001), 1);
  });

  it('is decided upon by the kernel if several want the same number', async () => {
    const model = openModel(12);
    const journals = Array.from({ length: 20 }, () => new MemoryJournal());
    const made = await Promise.all(
      journals.map((journal) => {
        let number = 20_000;
        return makeRuleset(model.freebsd, usualRules, journal, () => number++);
      }),
    );
    assert.deepEqual(
      made.toSorted(),
      Array.from({ length: 20 }, (_, index) => 20_000 + index),
    );
    for (const journal of journals) {
      assert.equal(journal.entries().length, 1);
      await undo(model, journal);
    }
    assert.deepEqual(model.remains(), []);
  });

  it('cannot be made when all numbers are taken', async () => {
    const model = openModel(12);
    await addRule(model, 30_000, 1);
    const journal = new MemoryJournal();
    await assert.rejects(
      makeRuleset(model.freebsd, usualRules, journal, () => 30_000),
      /^RuntimeError: devfs rulesets: 64 numbers were tried, and all are taken$/,
    );
    assert.deepEqual(journal.entries(), []);
  });

  it('is not mistaken for another one by whoever removes it', async () => {
    const model = openModel(12);
    await addRule(model, 30_000, 1);
    await removeRuleset(model.freebsd, { ruleset: 30_000, tag: 'x', rules: 5 });
    await removeRuleset(model.freebsd, { ruleset: 30_001, tag: 'x', rules: 5 });
    assert.equal(await rulesOf(model, 30_000), 1);
  });

  it('leaves nothing, whichever call fails', async (t) => {
    let n = 1;
    for (; ; n++) {
      const model = openModel(12);
      const journal = new MemoryJournal();
      model.faults.failNth(n, 'ENOMEM');
      await makeRuleset(model.freebsd, usualRules, journal)
        .then(() => undo(model, journal))
        .catch((error: unknown) => {
          assert.ok(isKernelError(error, 'ENOMEM'), String(error));
        });
      const { failed } = model.faults;
      model.faults.failNth(0, '');
      await undo(model, journal);
      assert.deepEqual(model.remains(), [], `call ${n} ${failed ?? ''}`);
      if (failed === undefined) break;
    }
    t.diagnostic(`${n - 1} calls`);
    assert.ok(n > 35, `${n} calls`);
  });

  it('of an administrator must have rules', async () => {
    const model = openModel(12);
    await assert.rejects(requireRules(model.freebsd, 5), /devfs ruleset 5 has no rules/);
    await addRule(model, 5, 100);
    await requireRules(model.freebsd, 5);
  });
});

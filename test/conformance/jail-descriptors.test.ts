import assert from 'node:assert/strict';
import { close } from '../../src/kernel/freebsd/file.js';
import { setOwnedJail } from '../../src/kernel/freebsd/jail.js';
import type { Case } from './harness/case.js';
import { group } from './harness/group.js';
import { create, jailSet, on } from './harness/jails.js';
import { callWithOptions, int, text } from './harness/raw.js';

const owned = 0x80;

/** Makes a jail that a descriptor owns. */
async function ownedJail(c: Case): Promise<{ jid: number; descriptor: number }> {
  const name = c.name('jail');
  const made = await c.run((b) => setOwnedJail(b, { name, persist: true }, { operation: 'create' }));
  c.removeLater(made.jid);
  return made;
}

group(
  'descriptors of jails',
  'sys/kern/kern_jail.c and kern_jaildesc.c of 15',
  (states) => {
    states('the close of the one that owns a jail removes it, though it persists', async (c) => {
      const { jid, descriptor } = await ownedJail(c);
      assert.ok(descriptor >= 0);
      await c.run((b) => close(b, descriptor));
      await c.gone({ jid });
    });

    states('one that is to be opened needs a place for its number', async (c) => {
      const { error, text: said } = await jailSet(c, [['persist', on]], create | owned);
      assert.deepEqual([error, said], ['ENOENT', 'missing desc']);
    });

    states('a place that nothing is to be put in is no error, and nothing is made', async (c) => {
      const options = [
        ['name', text(c.name('jail'))],
        ['persist', on],
        ['desc', int(-1)],
      ] as const;
      const { kernel } = c.system;
      const { value, error, text: said } = await callWithOptions(kernel, 'jail_set', options, create);
      assert.deepEqual([value, error, said], [0, '', 'unexpected desc']);
    });
  },
  { releases: [15] },
);

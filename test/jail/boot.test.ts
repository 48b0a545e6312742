import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isSameBoot, readBoot } from '../../src/jail/boot.js';
import { openModel } from '../model/model.js';

const second = 1_000_000n;
const year = 31_536_000n * second;
/** 2026, an hour after the boot. */
const then = { booted: 1_780_000_000n * second, uptime: 3600n * second };

suite('a boot of the machine', () => {
  const rows: [what: string, booted: bigint, uptime: bigint, same: boolean][] = [
    ['the same moment', 0n, 0n, true],
    ['later in it', 0n, year, true],
    ['later, a leap second apart', second, 60n * second, true],
    ['the clock was set back by a day', -86_400n * second, 60n * second, true],
    ['the clock was set forward by a minute', 60n * second, 60n * second, true],
    ['booted anew, up for less', 7200n * second, -3000n * second, false],
    ['booted anew, up for longer', 7200n * second, 3600n * second, false],
    ['booted anew at once, up for as long', 3600n * second, 0n, false],
    ['up for less, whatever the clock says', 0n, -second, false],
  ];
  for (const [what, moved, passed, same] of rows) {
    test(`${what}: ${same ? 'the same' : 'another'}`, () => {
      const now = { booted: then.booted + moved, uptime: then.uptime + passed };
      assert.equal(isSameBoot(then, now), same);
    });
  }

  test('is known by what was written down of it', async () => {
    const model = openModel(14);
    const { clock } = model.system;
    const { mark } = await readBoot(model.freebsd);
    clock.uptime += 86_400n * second;
    assert.ok((await readBoot(model.freebsd)).isOf(mark));
    clock.uptime = 30n * second;
    clock.booted += 90_000n * second;
    const next = await readBoot(model.freebsd);
    assert.ok(!next.isOf(mark) && next.isOf(next.mark));
    for (const other of ['', 'x', '1', '-1 -1', `${mark} 1`, '9'.repeat(40)]) assert.ok(!next.isOf(other));
  });
});

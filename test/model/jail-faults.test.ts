import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKernelError } from '../../src/kernel/error.js';
import { makeContainer } from './jail-scenario.js';
import { openModel } from './model.js';
import { undoAll, type Made } from './network-scenario.js';

const releases = [12, 14, 15] as const;

/** Errors that each call may come to when the machine is short of something, or others are at work on it. */
const plausible: Readonly<Record<string, readonly string[]>> = {
  nmount: ['ENOMEM', 'EBUSY', 'ENODEV'],
  unmount: ['EBUSY'],
  jail_set: ['EAGAIN', 'EPERM', 'ENOMEM'],
  jail_get: ['ENOMEM'],
  jail_attach: ['EPERM', 'EINVAL'],
  jail_remove: ['EPERM'],
  rctl_add_rule: ['ENOSYS', 'ENOMEM'],
  rctl_remove_rule: ['EPERM'],
  openat: ['ENFILE', 'EMFILE'],
  posix_openpt: ['EAGAIN', 'EMFILE'],
  ioctl: ['ENOMEM', 'EIO'],
  cpuset_setaffinity: ['EINVAL', 'EDEADLK'],
  mkdirat: ['ENOSPC', 'EROFS'],
  close: ['EINTR'],
  wait4: ['EINTR'],
};

const errorsOf = (symbol: string): readonly string[] => plausible[symbol] ?? ['ENOMEM'];

/**
 * Does something as often as there are calls in it and errors that they may come to, each time with another one failing.
 *
 * @returns how many times that was
 */
async function everyFault(
  attempt: (n: number, code: (symbol: string) => string) => Promise<string | undefined>,
): Promise<number> {
  let points = 0;
  for (let n = 1; ; n++) {
    for (let which = 0, count = 1; which < count; which++) {
      const failed = await attempt(n, (symbol) => errorsOf(symbol)[which] ?? 'ENOMEM');
      if (failed === undefined) return points;
      points++;
      count = errorsOf(failed).length;
    }
  }
}

describe('a container whose making fails', () => {
  for (const release of releases) {
    it(`on FreeBSD ${release} leaves nothing, whichever call it was and why`, async (t) => {
      const points = await everyFault(async (n, code) => {
        const model = openModel(release);
        const made: Made = { undo: [] };
        model.faults.failNth(n, code);
        const reason: unknown = await makeContainer(model, made).then(
          () => undefined,
          (error: unknown) => error,
        );
        const { failed } = model.faults;
        const expected = reason === undefined || isKernelError(reason, ...errorsOf(failed ?? ''));
        assert.ok(expected, `call ${n}, ${failed ?? 'none'}: another error came of it`);
        // A close that fails has closed all the same.
        if (failed !== undefined && failed !== 'close')
          assert.ok(reason, `call ${n}, ${failed}: not noticed`);
        model.faults.failNth(0, '');
        assert.equal(await undoAll(made), undefined, `undo after call ${n}, ${failed ?? 'none'}`);
        assert.deepEqual(model.remains(), [], `after call ${n}, ${failed ?? 'none'}, failed`);
        return failed;
      });
      t.diagnostic(`${points} points of failure`);
      assert.ok(points > 60, `${points} points`);
    });

    it(`on FreeBSD ${release} can be undone again, whichever call of the undoing failed`, async (t) => {
      const points = await everyFault(async (n, code) => {
        const model = openModel(release);
        const made: Made = { undo: [] };
        await makeContainer(model, made);
        model.faults.failNth(n, code);
        await undoAll(made);
        const { failed } = model.faults;
        model.faults.failNth(0, '');
        assert.equal(await undoAll(made), undefined, `second undo after call ${n}, ${failed ?? 'none'}`);
        assert.deepEqual(model.remains(), [], `after call ${n} of the undo, ${failed ?? 'none'}, failed`);
        return failed;
      });
      t.diagnostic(`${points} points of failure`);
      assert.ok(points > 20, `${points} points`);
    });
  }
});

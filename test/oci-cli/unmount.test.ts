import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errnoNumber } from '../../src/kernel/errno.js';
import type { Answer, Batch, LocalKernel } from '../../src/kernel/kernel.js';
import { unmountAll } from '../../src/oci-cli/unmount.js';
import type { Journal } from '../../src/runtime/journal.js';

/** A kernel whose unmounts last until the test ends them; on the thread of the event loop it makes none. */
class SlowKernel {
  readonly #mounted: Set<string>;
  readonly #begun = new Map<string, () => void>();
  readonly #gone: string[] = [];

  constructor(...mounted: readonly string[]) {
    this.#mounted = new Set(mounted);
  }

  get kernel(): LocalKernel {
    return {
      platform: 'linux',
      run: () => Promise.reject(new Error('run')),
      runSync: () => {
        throw new Error('umount2 on the thread of the event loop');
      },
      runBlocking: (batch) => this.#unmount(batch),
      close: () => undefined,
    };
  }

  /** What is being unmounted. */
  get underWay(): string[] {
    return [...this.#begun.keys()];
  }

  /** What was unmounted, in order. */
  get gone(): readonly string[] {
    return this.#gone;
  }

  finish(target: string): void {
    const end = this.#begun.get(target);
    if (end === undefined) throw new Error(`${target} is not being unmounted`);
    this.#begun.delete(target);
    end();
  }

  async #unmount(batch: Batch): Promise<Answer> {
    const target = firstString(batch);
    if (!this.#mounted.delete(target)) return answer(batch, errnoNumber('linux', 'EINVAL'));
    await new Promise<void>((resolve) => this.#begun.set(target, resolve));
    this.#gone.push(target);
    return answer(batch, 0);
  }
}

function firstString({ calls, arena }: Batch): string {
  const argument = calls[0]?.args[0];
  assert.ok(typeof argument === 'object' && 'arena' in argument);
  const bytes = Buffer.from(arena).subarray(argument.arena);
  return bytes.subarray(0, bytes.indexOf(0)).toString();
}

function answer({ arena }: Batch, errno: number): Answer {
  return { arena, results: [{ value: errno === 0 ? 0n : -1n, errno }] };
}

function journalOf(...targets: readonly string[]): Journal {
  const entries = targets.map((target, seq) => ({ seq, kind: 'mount', detail: { target } }));
  return {
    making: () => assert.fail('nothing is made'),
    unmade: (seq) => {
      entries.splice(
        entries.findIndex((entry) => entry.seq === seq),
        1,
      );
    },
    entries: () => [...entries],
  };
}

/** All that is due has run: only promises are waited for here. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const warn = (message: string): void => assert.fail(message);

test('mounts are unmounted one after the other, the last first', async () => {
  const slow = new SlowKernel('/root', '/root/a', '/root/b');
  const journal = journalOf('/root', '/root/a', '/root/b');
  const all = unmountAll(slow.kernel, journal, warn);
  for (const target of ['/root/b', '/root/a', '/root']) {
    await turn();
    assert.deepEqual(slow.underWay, [target]);
    slow.finish(target);
  }
  await all;
  assert.deepEqual(slow.gone, ['/root/b', '/root/a', '/root']);
  assert.deepEqual(journal.entries(), []);
});

test('an unmount that does not end holds up no other container', async () => {
  const slow = new SlowKernel('/hung', '/other');
  const hung = unmountAll(slow.kernel, journalOf('/hung'), warn);
  const other = unmountAll(slow.kernel, journalOf('/other'), warn);
  await turn();
  slow.finish('/other');
  await other;
  assert.deepEqual(slow.underWay, ['/hung']);
  slow.finish('/hung');
  await hung;
});

test('two unmounts are under way at most, which leaves threads for everything else', async () => {
  const targets = ['/1', '/2', '/3', '/4'];
  const slow = new SlowKernel(...targets);
  const all = Promise.all(targets.map((target) => unmountAll(slow.kernel, journalOf(target), warn)));
  await turn();
  assert.deepEqual(slow.underWay, ['/1', '/2']);
  slow.finish('/2');
  await turn();
  assert.deepEqual(slow.underWay, ['/1', '/3']);
  for (const target of ['/1', '/3']) slow.finish(target);
  await turn();
  for (const target of ['/4']) slow.finish(target);
  await all;
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TaskV2, TaskV3 } from '../../../src/proto/generated/services.js';
import type { UnaryMethod } from '../../../src/proto/service.js';
import { codeOf, startShim } from '../shim.js';

/** Those that say nothing of a container, or are refused whatever they say. */
const others: Readonly<Record<string, string>> = { Shutdown: 'OK', Create: 'NotFound', Exec: 'NotFound' };

/** All requests have an id, and those with a bundle find none. */
type AnyMethod = UnaryMethod<{ id: string; bundle?: string }, unknown>;

describe('the Task service', () => {
  it('has the same 17 methods under both of its names, and they answer alike', async (test) => {
    const shim = await startShim(test);
    const names = Object.keys(TaskV2.methods);
    assert.equal(names.length, 17);
    assert.deepEqual(Object.keys(TaskV3.methods), names);
    for (const name of names) {
      const method = TaskV2.methods[name as keyof typeof TaskV2.methods] as unknown as AnyMethod;
      const ask = (version: 2 | 3): Promise<string> =>
        codeOf(shim.call(method, { id: 'none', bundle: '/nonexistent' }, { version }));
      const [two, three] = [await ask(2), await ask(3)];
      assert.equal(two, others[name] ?? 'NotFound', name);
      assert.equal(three, two, name);
    }
  });
});

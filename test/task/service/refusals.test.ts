import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OCI_LINUX_RESOURCES, packJson } from '../../../src/proto/any.js';
import { box, exec, limits, methods } from '../container/calls.js';
import { processOf, type Shim, startShim } from '../shim.js';
import { initStates, prepared } from './states.js';

describe('what the Task service refuses', limits, () => {
  const running: [string, (shim: Shim) => Promise<unknown>, RegExp][] = [
    ['Update without resources', (shim) => shim.call(methods.Update, box), /resources is missing/],
    [
      'Update with another type',
      (shim) => shim.call(methods.Update, { ...box, resources: processOf('x') }),
      /LinuxResources, got/,
    ],
    [
      'Update with a list',
      (shim) => shim.call(methods.Update, { ...box, resources: packJson(OCI_LINUX_RESOURCES, []) }),
      /not a JSON object/,
    ],
    ['Exec without a spec', (shim) => shim.call(methods.Exec, exec), /spec is missing/],
    ['Exec without an id', (shim) => shim.exec('', 'true'), /exec id "" is not a valid identifier/],
    ['Exec with a path as id', (shim) => shim.exec('../x', 'true'), /exec id "..\/x" is not/],
    ['Exec of nothing', (shim) => shim.exec('e', '', { spec: processOf() }), /args is not a list/],
    ['Exec of a NUL', (shim) => shim.exec('e', '', { spec: processOf('a\0b') }), /without NUL/],
    [
      'Exec of no JSON',
      (shim) => shim.exec('e', '', { spec: { ...processOf('x'), value: Buffer.from('{') } }),
      /is not JSON/,
    ],
    [
      'Exec of no UTF-8',
      (shim) => shim.exec('e', '', { spec: { ...processOf('x'), value: Buffer.of(0x22, 0xff, 0x22) } }),
      /is not JSON/,
    ],
    [
      'a terminal of 65536 columns',
      (shim) => shim.call(methods.ResizePty, { ...box, width: 65536, height: 24 }),
      /65536 by 24/,
    ],
    [
      'a terminal of 65536 rows',
      (shim) => shim.call(methods.ResizePty, { ...box, width: 80, height: 65536 }),
      /80 by 65536/,
    ],
  ];
  for (const [what, call, message] of running) {
    it(`${what} is an invalid argument`, async (test) => {
      const shim = await prepared(test, initStates.running);
      const events = shim.events.lines.length;
      await assert.rejects(call(shim), { code: 3, message });
      assert.equal(shim.events.lines.length, events, 'nothing was announced');
    });
  }

  it('a create from a checkpoint is not implemented', async (test) => {
    const shim = await startShim(test);
    const create = shim.create('true', { checkpoint: '/x' });
    await assert.rejects(create, { code: 12, message: /checkpoint \/x/ });
    assert.deepEqual(shim.events.lines, []);
  });
});

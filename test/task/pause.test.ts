import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pause } from '../../src/task/pause.js';
import { Gates } from './gates.js';

function pausing() {
  const gates = new Gates<'pause' | 'resume'>();
  const counts = { resume: 0, thawed: 0 };
  const pause = new Pause(
    {
      pause: () => gates.pass('pause'),
      resume: () => {
        counts.resume += 1;
        return gates.pass('resume');
      },
    },
    () => {
      counts.thawed += 1;
    },
  );
  return { pause, gates, counts };
}

test('a pause goes through its states', async () => {
  const { pause, gates, counts } = pausing();
  const held = gates.hold('pause');
  assert.equal(pause.state, 'no');
  const freezing = pause.freeze();
  await held.reached;
  assert.equal(pause.state, 'pausing');
  held.release();
  await freezing;
  assert.equal(pause.state, 'paused');
  await pause.thaw();
  assert.equal(pause.state, 'no');
  assert.deepEqual(counts, { resume: 1, thawed: 1 });
});

test('a pause that fails did not happen, an end that fails neither', async () => {
  const { pause, gates, counts } = pausing();
  gates.fail('pause', new Error('EBUSY'));
  await assert.rejects(pause.freeze(), { message: 'EBUSY' });
  assert.equal(pause.state, 'no');
  await pause.freeze();
  gates.fail('resume', new Error('EIO'));
  await assert.rejects(pause.thaw(), { message: 'EIO' });
  assert.deepEqual([pause.state, counts.thawed], ['paused', 0]);
  await pause.thaw();
  assert.deepEqual([pause.state, counts.thawed], ['no', 1]);
});

test('all that thaw at the same time share one thaw', async () => {
  const { pause, gates, counts } = pausing();
  await pause.freeze();
  const held = gates.hold('resume');
  const thaws = [pause.thaw(), pause.thaw()];
  await held.reached;
  held.release();
  await Promise.all(thaws);
  assert.deepEqual(counts, { resume: 1, thawed: 1 });
  await pause.freeze();
  await pause.thaw();
  assert.deepEqual(counts, { resume: 2, thawed: 2 });
});

test('the end of everything ends the pause', async () => {
  const { pause, counts } = pausing();
  await pause.freeze();
  pause.end();
  assert.equal(pause.state, 'no');
  assert.equal(counts.thawed, 0);
});

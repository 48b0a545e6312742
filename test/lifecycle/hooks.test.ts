import assert from 'node:assert/strict';
import { TaskV2 } from '../../src/proto/generated/services.js';
import { life } from './harness/life.js';
import { lived } from './harness/steps.js';

const { methods } = TaskV2;

function startContainer(...words: string[]): { hooks: object } {
  return { hooks: { startContainer: [{ path: '/bin/inmate', args: ['inmate', ...words] }] } };
}

// Hooks of the host run where the daemon is, which is not the machine.
life('a hook in the jail', (lives) => {
  lives('runs before the program, with the state of the container', async (service) => {
    const { status, lines } = await lived(
      service,
      ['open', '/made', 'exit', '5'],
      startContainer('read', 'create', '/made', 'exit', '0'),
    );
    assert.deepEqual([status, lines], [5, ['open /made done 0']]);
  });

  lives('fails the start if it fails', async (service) => {
    const { call, create } = service;
    await create('web', ['stay'], startContainer('exit', '3'));
    await assert.rejects(call(methods.Start, { id: 'web' }), {
      message: /hooks\.startContainer\[0\]: \/bin\/inmate exited with status 3/,
    });
    await call(methods.Delete, { id: 'web' });
  });
});

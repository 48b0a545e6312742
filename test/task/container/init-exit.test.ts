import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { unpack } from '../../../src/proto/any.js';
import { ProcessDetails } from '../../../src/proto/generated/messages.js';
import { startShim } from '../shim.js';
import { Reader } from '../stdio/client.js';
import { makeFifo } from '../stdio/fixture.js';
import { box, kill, limits, methods, running } from './calls.js';

describe('the end of init', limits, () => {
  it('kills the others, when the kernel does not', async (test) => {
    const shim = await startShim(test);
    const stdout = makeFifo(join(shim.folder, 'stdout'));
    const reader = new Reader(test, stdout);
    await shim.create('sleep 1000 & exit 0', { stdout });
    await shim.start();
    await shim.wait();
    assert.equal((await reader.toEnd()).length, 0, 'nobody holds the output open any more');
  });

  it('leaves that to the kernel, when it does', async (test) => {
    const shim = await startShim(test, { endsWithInit: true });
    await shim.create('sleep 1000 & exit 0');
    await shim.start();
    await shim.wait();
    assert.equal((await shim.call(methods.Pids, box)).processes.length, 1);
  });
});

describe('Pids', limits, () => {
  it('does not name an exec that has ended, whose pid may be another process by now', async (test) => {
    const shim = await running(test);
    const details = async () => {
      const { processes } = await shim.call(methods.Pids, box);
      return processes.map(({ info }) => info && unpack(ProcessDetails, info).execId);
    };
    await shim.exec('sh', 'exec sleep 1000');
    const pid = await shim.start('sh');
    assert.deepEqual(new Set(await details()), new Set([null, 'sh']));
    await kill(shim, { execId: 'sh' });
    await shim.wait('sh');
    shim.runtime.get('box').pids = () => Promise.resolve([pid]);
    assert.deepEqual(await details(), [null]);
  });
});

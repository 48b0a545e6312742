import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forStream, loggedProcess } from '../../../src/task/stdio/request.js';

const request = { namespace: 'ns', containerId: 'box', stdin: '', stdout: '', stderr: '', terminal: false };

test('a logger knows init by the container, an exec by its own id', () => {
  assert.deepEqual(loggedProcess({ ...request, execId: '' }), { namespace: 'ns', id: 'box' });
  assert.deepEqual(loggedProcess({ ...request, execId: 'sh' }), { namespace: 'ns', id: 'sh' });
});

test('an error of opening begins with the stream, and keeps its cause', async () => {
  assert.equal(await forStream('stdin', () => Promise.resolve(7)), 7);
  const cause = new Error('no such file');
  await assert.rejects(
    forStream('stderr', () => Promise.reject(cause)),
    { message: 'stderr: no such file', cause },
  );
});

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { sweep } from '../../src/network/sweep.js';
import { parsePorts } from '../../src/network/ports.js';
import { readyHost, endJail, start, stop } from './harness.js';

const ports = parsePorts('publish', '8080:80');

suite('what containers leave that nobody remembers', () => {
  test('is taken back, and what the living have is not', async () => {
    const host = await readyHost();
    const db = await start(host, 'db');
    const before = host.remains();
    const web = await start(host, 'web', { ports });
    // Its jail ends once its interface is gone; its ledger was lost.
    const failures: unknown[] = [];
    const swept = await sweep(
      host,
      ({ id }) => id === 'db',
      (_, error) => failures.push(error),
    );
    assert.deepEqual(failures, []);
    assert.deepEqual(swept, [{ namespace: 'default', id: 'web' }]);
    await endJail(host, web.jid);
    assert.deepEqual(host.remains(), before);
    assert.deepEqual(host.ports.list(), []);
    assert.deepEqual([...new Set(host.leases.list().map(({ id }) => id))].sort(), ['db', 'default']);
    assert.deepEqual(
      await sweep(
        host,
        ({ id }) => id === 'db',
        () => undefined,
      ),
      [],
    );
    await stop(host, db);
    host.close();
  });

  test('stays if it cannot be taken back, and the others are not kept waiting', async () => {
    const host = await readyHost();
    const one = await start(host, 'one');
    const two = await start(host, 'two');
    const failures: string[] = [];
    host.model.faults.failNth(1, 'EPERM');
    const swept = await sweep(
      host,
      () => false,
      ({ id }, error) => failures.push(`${id}: ${(error as Error).message}`),
    );
    assert.equal(failures.length, 1);
    assert.match(failures[0] ?? '', /EPERM/);
    assert.equal(swept.length, 1);
    assert.equal(
      (
        await sweep(
          host,
          () => false,
          () => undefined,
        )
      ).length,
      1,
    );
    for (const { jid } of [one, two]) await endJail(host, jid);
    assert.deepEqual(host.remains(), []);
    host.close();
  });
});

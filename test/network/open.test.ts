import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { openNetworks } from '../../src/network/open.js';
import { readNetworks } from '../../src/network/settings.js';
import { openModel } from '../model/model.js';

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'open-'));
  context.after(() => {
    rmSync(path, { recursive: true });
  });
  return path;
}

suite('the networks of a host', () => {
  test('are opened with their database, which keeps what is leased', async (context) => {
    const path = join(folder(context), 'networks');
    const { freebsd } = openModel(14);
    const holder = { namespace: 'default', id: 'web', interface: 'eth0' };
    const range = { pool: '10.88.0.0/16', first: 1, last: 65534 };
    const one = await openNetworks(freebsd, path, readNetworks(undefined), () => undefined);
    assert.equal(one.host.leases.take(range, holder), 1);
    one.close();
    const again = await openNetworks(freebsd, path, readNetworks(undefined), () => undefined);
    assert.deepEqual(again.host.leases.list(), [{ pool: range.pool, host: 1, ...holder }]);
    again.close();
    // Only root mounts the files in it into jails.
    assert.equal(statSync(path).mode & 0o777, 0o700);
  });

  test('are not opened where a file is in the way', async (context) => {
    const path = join(folder(context), 'networks');
    writeFileSync(path, '');
    await assert.rejects(
      openNetworks(openModel(14).freebsd, path, [], () => undefined),
      /networks/,
    );
  });
});

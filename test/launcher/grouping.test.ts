import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { complaint, createFixture, names, type Fixture } from './fixture.js';

function groupBy(fixture: Fixture, grouping: string): void {
  fixture.configure(
    `socket_dir = "${fixture.socketDirectory}"`,
    `run_dir = "${fixture.runDirectory}"`,
    `grouping = "${grouping}"`,
  );
}

function writeSpec(fixture: Fixture, annotations: Record<string, string>): void {
  writeFileSync(join(fixture.bundle, 'config.json'), JSON.stringify({ ociVersion: '1.1.0', annotations }));
}

async function expectSocket(fixture: Fixture, namespace: string, ...key: string[]): Promise<void> {
  const result = await fixture.start({ namespace });
  assert.deepEqual([result.status, result.stderr], [0, '']);
  assert.equal(result.stdout.toString(), `unix://${fixture.group(...key).socket}`);
}

test('by namespace: a daemon for each', async (context) => {
  const fixture = createFixture(context);
  groupBy(fixture, 'namespace');
  await expectSocket(fixture, 'a', 'a', 'containerd-shim-jail');
  await expectSocket(fixture, 'b', 'b', 'containerd-shim-jail');
  await expectSocket(fixture, 'a', 'a', 'containerd-shim-jail');
  assert.equal(fixture.daemons().length, 2);
});

suite('by pod', () => {
  test('the group annotation, then the sandbox, then the container itself', async (context) => {
    const fixture = createFixture(context);
    groupBy(fixture, 'pod');
    const [group, sandbox] = ['io.containerd.runc.v2.group', 'io.kubernetes.cri.sandbox-id'];
    writeSpec(fixture, { [group]: 'g', [sandbox]: 's' });
    await expectSocket(fixture, 'n', 'n', 'g');
    writeSpec(fixture, { [sandbox]: 's' });
    await expectSocket(fixture, 'n', 'n', 's');
    writeSpec(fixture, {});
    await expectSocket(fixture, 'n', 'n', 'box');
    assert.equal(fixture.daemons().length, 3);
  });

  test('a config.json that is not JSON', async (context) => {
    const fixture = createFixture(context);
    groupBy(fixture, 'pod');
    writeFileSync(join(fixture.bundle, 'config.json'), '{"annotations": yes}');
    const result = await fixture.start();
    assert.deepEqual([result.status, result.stdout.length], [1, 0]);
    assert.match(complaint(result), /\/bundle\/config\.json: not JSON: expected an object at byte 16$/);
  });

  test('no config.json', async (context) => {
    const fixture = createFixture(context);
    groupBy(fixture, 'pod');
    assert.match(
      complaint(await fixture.start()),
      /^cannot read .*\/bundle\/config\.json: No such file or directory$/,
    );
  });

  test('a config.json that is larger than any', async (context) => {
    const fixture = createFixture(context);
    groupBy(fixture, 'pod');
    writeFileSync(join(fixture.bundle, 'config.json'), Buffer.alloc((32 << 20) + 1, ' '));
    assert.match(complaint(await fixture.start()), /^cannot read .*\/bundle\/config\.json: File too large$/);
  });

  test('delete finds the daemon without config.json', async (context) => {
    const fixture = createFixture(context);
    groupBy(fixture, 'pod');
    writeSpec(fixture, { 'io.containerd.runc.v2.group': 'g' });
    await fixture.start();
    rmSync(join(fixture.bundle, 'config.json'));
    assert.equal((await fixture.remove()).status, 0);
    assert.equal(fixture.log().at(-1)?.method, 'Cleanup');
  });
});

test('delete finds the daemon after the grouping was configured anew', async (context) => {
  const fixture = createFixture(context);
  await fixture.start();
  groupBy(fixture, 'namespace');
  assert.equal((await fixture.remove()).status, 0);
  assert.equal(fixture.log().at(-1)?.method, 'Cleanup');
});

test('otherwise config.json is not read', async (context) => {
  const fixture = createFixture(context);
  writeFileSync(join(fixture.bundle, 'config.json'), 'not JSON');
  assert.equal((await fixture.start()).status, 0);
  assert.equal(names(fixture.socketDirectory).length, 1);
});

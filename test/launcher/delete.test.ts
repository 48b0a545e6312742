import assert from 'node:assert/strict';
import { lstatSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { complaint, createFixture, names } from './fixture.js';

/** DeleteResponse of the stand-in when it serves: pid 4711, exit_status 137 */
const asked = Buffer.from([0x08, 0xe7, 0x24, 0x10, 137, 1]);
/** and of main.js delete: pid 42 */
const alone = Buffer.from([0x08, 42]);

suite('delete with a daemon', () => {
  test('prints its answer', async (context) => {
    const fixture = createFixture(context);
    await fixture.start();
    // Neither the working directory nor the environment says where the bundle is.
    assert.deepEqual(await fixture.remove({ cwd: '/' }), { status: 0, stdout: asked, stderr: '' });
    const { method, namespace, id, bundle } = fixture.log().at(-1) ?? {};
    assert.deepEqual(
      { method, namespace, id, bundle },
      { method: 'Cleanup', namespace: 'space', id: 'box', bundle: fixture.bundle },
    );
    assert.equal(fixture.log().filter(({ role }) => role === 'delete').length, 0);
  });

  test('works without a note in the bundle, or with a useless one', async (context) => {
    const fixture = createFixture(context);
    await fixture.start();
    const note = join(fixture.bundle, 'containerd-shim-jail.socket');
    const { socket } = fixture.group('containerd-shim-jail');
    const notes = [
      '',
      'relative',
      `${socket}x`,
      `${socket}\0`,
      `${socket}\n`,
      `/${'0'.repeat(64)}`,
      `/tmp/${'0'.repeat(64)}`,
      'x'.repeat(5000),
    ];
    for (const content of notes) {
      writeFileSync(note, content);
      assert.deepEqual((await fixture.remove()).stdout, asked, JSON.stringify(content.slice(0, 100)));
    }
    rmSync(note);
    assert.deepEqual((await fixture.remove()).stdout, asked);
    symlinkSync('/dev/zero', note);
    assert.deepEqual((await fixture.remove()).stdout, asked);
  });

  test('says what the daemon says', async (context) => {
    const fixture = createFixture(context);
    const { socket } = fixture.group('containerd-shim-jail');
    await fixture.start({ fake: 'refuse' });
    const result = await fixture.remove();
    assert.deepEqual([result.status, result.stdout.length], [1, 0]);
    assert.equal(complaint(result), `the daemon on ${socket} refuses Cleanup: id?is bad (code 3)`);
  });

  test('does not wait forever', async (context) => {
    const fixture = createFixture(context);
    const { socket } = fixture.group('containerd-shim-jail');
    await fixture.start({ fake: 'silent' });
    const result = await fixture.remove();
    assert.equal(complaint(result), `the daemon on ${socket} did not answer Cleanup within 4000 ms`);
    assert.ok(statSync(socket).isSocket());
  });
});

suite('delete without a daemon', () => {
  test('does not clean up while a daemon lives whose socket was removed', async (context) => {
    const fixture = createFixture(context);
    await fixture.start({ fake: 'unlinked' });
    const result = await fixture.remove();
    assert.equal(result.status, 1);
    assert.match(
      complaint(result),
      /^the daemon of .* lives, .* does not serve its socket .*: was that removed\?$/,
    );
    assert.equal(fixture.log().filter(({ role }) => role === 'delete').length, 0);
    assert.equal(fixture.daemons().length, 1);
  });

  test('after it was killed', async (context) => {
    const fixture = createFixture(context);
    await fixture.start();
    await fixture.killDaemons();
    const { socket, runDirectory } = fixture.group('containerd-shim-jail');
    assert.deepEqual(await fixture.remove(), { status: 0, stdout: alone, stderr: '' });
    const [run, held] = fixture.log().slice(-2);
    assert.deepEqual(run?.words, [
      'delete',
      ...['-namespace', 'space', '-id', 'box', '-bundle', fixture.bundle, '-address', fixture.address],
      ...['-run-dir', runDirectory, '-socket', socket],
    ]);
    assert.equal(held?.lock, lstatSync(join(runDirectory, 'lock')).ino);
    // The socket that it left behind is gone.
    assert.deepEqual(names(fixture.socketDirectory), []);
  });

  test('before there ever was one', async (context) => {
    const fixture = createFixture(context);
    assert.deepEqual(await fixture.remove(), { status: 0, stdout: alone, stderr: '' });
  });

  test('while it leaves', async (context) => {
    const fixture = createFixture(context);
    await fixture.start({ fake: 'leaving' });
    assert.deepEqual(await fixture.remove(), { status: 0, stdout: alone, stderr: '' });
  });

  test('many times', async (context) => {
    const fixture = createFixture(context);
    const results = await Promise.all(Array.from({ length: 5 }, () => fixture.remove()));
    for (const result of results) assert.deepEqual(result, { status: 0, stdout: alone, stderr: '' });
  });
});

test('delete of a bundle that is not there', async (context) => {
  const fixture = createFixture(context);
  const missing = join(fixture.directory, 'missing');
  const result = await fixture.remove({ bundle: missing });
  assert.deepEqual([result.status, result.stdout.length], [1, 0]);
  assert.equal(complaint(result), `delete: cannot find the bundle ${missing}: No such file or directory`);
  const file = join(fixture.directory, 'shim.toml');
  assert.equal(
    complaint(await fixture.remove({ bundle: file })),
    `delete: the bundle ${file} is not a directory`,
  );
});

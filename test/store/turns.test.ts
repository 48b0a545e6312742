import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { openTurns } from '../../src/store/turns.js';

function lockFile(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'turns-'));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  return join(folder, 'lock');
}

suite('turns', () => {
  test('are taken one after the other, by all that have the file', async (context) => {
    const path = lockFile(context);
    const programs = [openTurns(path), openTurns(path), openTurns(path)];
    let inside = 0;
    let most = 0;
    const order: number[] = [];
    const body = (number: number) => async (): Promise<number> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
      order.push(number);
      return number;
    };
    const all = programs.flatMap(({ take }, index) => [
      take(body(index)),
      take(body(index)),
      take(body(index)),
    ]);
    assert.deepEqual(await Promise.all(all), [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    assert.equal(most, 1);
    assert.equal(order.length, 9);
    for (const { close } of programs) close();
  });

  test('end with an error too', async (context) => {
    const path = lockFile(context);
    const [one, other] = [openTurns(path), openTurns(path)];
    await assert.rejects(
      one.take(() => Promise.reject(new Error('fails'))),
      /fails/,
    );
    assert.equal(await one.take(() => Promise.resolve(1)), 1);
    assert.equal(await other.take(() => Promise.resolve(2)), 2);
    one.close();
    other.close();
  });

  test('end with the program that has one', async (context) => {
    const path = lockFile(context);
    const module = new URL('../../src/store/turns.js', import.meta.url);
    const script =
      `import { openTurns } from ${JSON.stringify(module.href)};` +
      `openTurns(${JSON.stringify(path)}).take(async () => { console.log('mine'); await new Promise(() => undefined); });` +
      `setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const turns = openTurns(path);
    let taken = false;
    const taking = turns.take(() => {
      taken = true;
      return Promise.resolve();
    });
    // Long enough for a look that should not have succeeded.
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(taken, false);
    child.kill('SIGKILL');
    await taking;
    turns.close();
  });

  test('are not to be had where there is no folder', () => {
    assert.throws(() => openTurns('/nonexistent/lock'), /^Error: lock \/nonexistent\/lock: /);
  });
});

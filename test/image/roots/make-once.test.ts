import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hostLocks } from '../../../src/image/content/file-lock.js';
import { madeIn, makeOnce, setAside, sweepUnmade } from '../../../src/image/roots/make-once.js';
import { files } from '../layers/sandbox.js';

const root = mkdtempSync(join(tmpdir(), 'once-'));
const locks = hostLocks();
const maker = { locks, files };
after(() => {
  locks.close();
  rmSync(root, { recursive: true });
});
let folders = 0;
function folder(): string {
  folders += 1;
  const path = join(root, String(folders));
  mkdirSync(path);
  return path;
}

test('of many at once, one makes it, and the others find it', async () => {
  const path = join(folder(), 'x');
  let times = 0;
  const make = async (directory: string): Promise<void> => {
    times += 1;
    await writeFile(join(directory, 'a'), 'a');
  };
  const made = await Promise.all(Array.from({ length: 8 }, () => makeOnce(maker, path, make)));
  assert.equal(times, 1);
  assert.equal(made.filter((each) => each).length, 1);
  assert.deepEqual(readdirSync(path), ['a']);
});

test('what fails leaves nothing, and the next one may succeed', async () => {
  const directory = folder();
  const path = join(directory, 'x');
  const failing = makeOnce(maker, path, async (fresh) => {
    await writeFile(join(fresh, 'a'), 'a');
    throw new Error('no');
  });
  await assert.rejects(failing, /no/);
  assert.deepEqual(readdirSync(directory), []);
  await makeOnce(maker, path, () => Promise.resolve());
  assert.deepEqual(readdirSync(directory), ['x']);
});

test('what one who was killed has left is begun again, or swept', async () => {
  const directory = folder();
  const left = (name: string): void => {
    writeFileSync(join(directory, `.making-${name}`), '');
    mkdirSync(join(directory, `.making-${name}.d`));
    writeFileSync(join(directory, `.making-${name}.d/part`), '');
  };
  left('x');
  left('y');
  await makeOnce(maker, join(directory, 'x'), () => Promise.resolve());
  assert.deepEqual(readdirSync(join(directory, 'x')), []);
  await sweepUnmade(maker, directory);
  assert.deepEqual(readdirSync(directory), ['x']);
});

test('what is being made is neither swept nor set aside', async () => {
  const directory = folder();
  const path = join(directory, 'x');
  const seen = await new Promise<readonly string[]>((resolve, reject) => {
    makeOnce(maker, path, async () => {
      await sweepUnmade(maker, directory);
      assert.equal(await setAside(locks, path), undefined);
      resolve(readdirSync(directory));
    }).catch(reject);
  });
  assert.deepEqual([...seen].sort(), ['.making-x', '.making-x.d']);
});

test('what is set aside is found no more', async () => {
  const directory = folder();
  await makeOnce(maker, join(directory, 'x'), () => Promise.resolve());
  const aside = await setAside(locks, join(directory, 'x'));
  assert(aside !== undefined && existsSync(aside));
  assert.deepEqual(await madeIn(directory), []);
  await sweepUnmade(maker, directory);
  assert.deepEqual(readdirSync(directory), []);
});

test('one who is told to stop, stops', async () => {
  const stopped = makeOnce(maker, join(folder(), 'x'), () => Promise.resolve(), AbortSignal.abort());
  await assert.rejects(stopped, { kind: 'cancelled' });
});

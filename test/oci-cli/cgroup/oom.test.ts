import assert from 'node:assert/strict';
import { once, EventEmitter } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { suite, test, type TestContext } from 'node:test';
import type { LocalKernel } from '../../../src/kernel/kernel.js';
import { openLocalKernel } from '../../../src/kernel/local.js';
import { CgroupGoneError } from '../../../src/oci-cli/cgroup/gone.js';
import type { CgroupPaths } from '../../../src/oci-cli/cgroup/locate.js';
import { readOomKills } from '../../../src/oci-cli/cgroup/oom.js';
import { createOomWatcher, type OomWatcher } from '../../../src/oci-cli/cgroup/oom-watch.js';
import { makeV1, withoutV1, type HostCgroup } from './host.js';
import { sampleCgroup } from './sample.js';

const skipLinux = process.platform === 'linux' ? false : 'needs Linux';
const megabyte = 1 << 20;

/** A listener that counts its calls, and whose next call can be awaited. */
class Listener extends EventEmitter {
  calls = 0;
  readonly listen = (): void => {
    this.calls += 1;
    this.emit('killed');
  };
}

function watcherFor(t: TestContext): { kernel: LocalKernel; watcher: OomWatcher; errors: unknown[] } {
  const kernel = openLocalKernel('koffi');
  const errors: unknown[] = [];
  const watcher = createOomWatcher(kernel, (error) => errors.push(error));
  // A watch alone does not keep the process running.
  const running = setInterval(() => undefined, 60_000);
  t.after(async () => {
    clearInterval(running);
    await watcher.close();
    kernel.close();
    assert.deepEqual(errors, []);
  });
  return { kernel, watcher, errors };
}

/** A cgroup whose processes may use little memory, and no swap. */
function makeSmall(): HostCgroup {
  const cgroup = makeV1();
  cgroup.set('memory', 'memory.limit_in_bytes', String(16 * megabyte));
  return cgroup;
}

/** Runs a program that wants more and more memory, and waits until it is killed. */
async function exhaust(cgroup: HostCgroup): Promise<void> {
  const child = cgroup.launch('tail', '/dev/zero');
  child.go();
  assert.equal(await child.ended, 'SIGKILL');
}

function openDescriptors(kind: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === `anon_inode:${kind}`;
    } catch {
      // The descriptor with which the directory itself was read.
      return false;
    }
  }).length;
}

suite('watching real cgroups of version 1', { skip: withoutV1() }, () => {
  test('tells of a kill once, while the container goes on', async (t) => {
    await using cgroup = makeSmall();
    const { watcher } = watcherFor(t);
    const listener = new Listener();
    const watching = watcher.watch(cgroup.paths, listener.listen);
    const told = once(listener, 'killed');
    cgroup.launch('true');
    await exhaust(cgroup);
    await told;
    assert.equal(readOomKills(cgroup.paths), 1);
    assert.equal(watching.killed(), false);
    watching.release();
    assert.equal(listener.calls, 1);
  });

  test('tells of each of several kills', async (t) => {
    await using cgroup = makeSmall();
    const { watcher } = watcherFor(t);
    const listener = new Listener();
    watcher.watch(cgroup.paths, listener.listen);
    for (let kills = 1; kills <= 3; kills += 1) {
      const told = once(listener, 'killed');
      await exhaust(cgroup);
      await told;
      assert.deepEqual([readOomKills(cgroup.paths), listener.calls], [kills, kills]);
    }
  });

  test('tells of no kill twice, whoever looks first', async (t) => {
    await using cgroup = makeSmall();
    const { watcher } = watcherFor(t);
    const listener = new Listener();
    const watching = watcher.watch(cgroup.paths, listener.listen);
    await exhaust(cgroup);
    const toldHere = watching.killed() ? 1 : 0;
    watching.release();
    assert.equal(toldHere + listener.calls, 1);
  });

  test('does not tell of kills before it began, nor in other cgroups', async (t) => {
    await using cgroup = makeSmall();
    await using other = makeSmall();
    await exhaust(cgroup);
    const { watcher } = watcherFor(t);
    const [listener, otherListener] = [new Listener(), new Listener()];
    const watching = watcher.watch(cgroup.paths, listener.listen);
    watcher.watch(other.paths, otherListener.listen);
    const told = once(otherListener, 'killed');
    await exhaust(other);
    await told;
    assert.equal(watching.killed(), false);
    assert.deepEqual([listener.calls, otherListener.calls], [0, 1]);
  });

  test('releases the watch, and tells nothing, when the cgroup is removed', async (t) => {
    await using cgroup = makeSmall();
    const { watcher } = watcherFor(t);
    const listener = new Listener();
    const before = openDescriptors('[eventfd]');
    const watching = watcher.watch(cgroup.paths, listener.listen);
    // The watcher's own, and that of the cgroup.
    assert.equal(openDescriptors('[eventfd]'), before + 2);
    cgroup.remove();
    while (openDescriptors('[eventfd]') !== before + 1) await setImmediate();
    assert.equal(watching.killed(), false);
    watching.release();
    assert.equal(listener.calls, 0);
  });

  test('is an error for a cgroup that is gone, and leaves nothing open', async () => {
    await using cgroup = makeSmall();
    cgroup.remove();
    const kernel = openLocalKernel('koffi');
    const errors: unknown[] = [];
    const [counters, epolls] = [openDescriptors('[eventfd]'), openDescriptors('[eventpoll]')];
    const watcher = createOomWatcher(kernel, (error) => errors.push(error));
    assert.throws(() => watcher.watch(cgroup.paths, () => undefined), CgroupGoneError);
    await watcher.close();
    kernel.close();
    assert.deepEqual([openDescriptors('[eventfd]'), openDescriptors('[eventpoll]')], [counters, epolls]);
    assert.deepEqual(errors, []);
  });

  test('ends with all watches open, and leaves nothing open', async () => {
    await using cgroup = makeSmall();
    await using other = makeSmall();
    const kernel = openLocalKernel('koffi');
    const [counters, epolls] = [openDescriptors('[eventfd]'), openDescriptors('[eventpoll]')];
    const watcher = createOomWatcher(kernel, (error) => {
      throw error;
    });
    const watching = watcher.watch(cgroup.paths, () => undefined);
    watcher.watch(other.paths, () => undefined);
    assert.deepEqual(
      [openDescriptors('[eventfd]'), openDescriptors('[eventpoll]')],
      [counters + 3, epolls + 1],
    );
    await watcher.close();
    watching.release();
    kernel.close();
    assert.deepEqual([openDescriptors('[eventfd]'), openDescriptors('[eventpoll]')], [counters, epolls]);
  });
});

suite('watching the files of version 2', { skip: skipLinux }, () => {
  const events = (kills: number): string =>
    `low 0\nhigh 0\nmax 9\noom 1\noom_kill ${kills}\noom_group_kill 0\n`;
  const sample = (t: TestContext, text: string): { paths: CgroupPaths; file: string } => {
    const unified = sampleCgroup(t, { 'memory.events': text });
    return { paths: { mode: 'v2', controllers: new Map(), unified }, file: join(unified, 'memory.events') };
  };
  // The kernel never shows half of its file: neither must this.
  const count = (file: string, kills: number): void => {
    writeFileSync(file, events(kills), { flag: 'r+' });
  };

  test('tells when the counter grew, and only then', async (t) => {
    const { paths, file } = sample(t, events(2));
    const { watcher } = watcherFor(t);
    const listener = new Listener();
    const watching = watcher.watch(paths, listener.listen);
    count(file, 2);
    for (const kills of [3, 5]) {
      const told = once(listener, 'killed');
      count(file, kills);
      await told;
    }
    assert.equal(listener.calls, 2);
    count(file, 6);
    assert.equal(watching.killed(), true);
    assert.equal(watching.killed(), false);
    watching.release();
    assert.equal(listener.calls, 2);
  });

  test('reports what a listener throws, and goes on', async (t) => {
    const { paths, file } = sample(t, events(0));
    const { watcher, errors } = watcherFor(t);
    const listener = new Listener();
    const broken = new Error('broken');
    watcher.watch(paths, () => {
      listener.listen();
      throw broken;
    });
    for (const kills of [1, 2]) {
      const told = once(listener, 'killed');
      count(file, kills);
      await told;
    }
    assert.deepEqual(errors.splice(0), [broken, broken]);
  });

  test('is an error without a memory controller', (t) => {
    const { watcher } = watcherFor(t);
    const unified = sampleCgroup(t, { 'cgroup.procs': '' });
    for (const paths of [unified, undefined]) {
      assert.throws(
        () => watcher.watch({ mode: 'v2', controllers: new Map(), unified: paths }, () => undefined),
        CgroupGoneError,
      );
    }
  });

  test('ends when the file goes away', async (t) => {
    const { paths, file } = sample(t, events(1));
    const { watcher } = watcherFor(t);
    const listener = new Listener();
    const watching = watcher.watch(paths, listener.listen);
    rmSync(file);
    await setImmediate();
    assert.equal(watching.killed(), false);
    assert.equal(listener.calls, 0);
  });
});

suite('the number of kills', () => {
  test('is in memory.oom_control of version 1, memory.events of version 2', (t) => {
    const directory = sampleCgroup(t, {
      'v1/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 4\n',
      'v2/memory.events': 'max 3\noom_kill 5\n',
      'old/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\n',
    });
    const kills = (memory: string | undefined, unified: string | undefined): number | undefined => {
      const controllers = new Map(memory === undefined ? [] : [['memory', join(directory, memory)]]);
      return readOomKills({
        mode: 'v1',
        controllers,
        unified: unified === undefined ? undefined : join(directory, unified),
      });
    };
    assert.equal(kills('v1', undefined), 4);
    assert.equal(kills('v1', 'v2'), 4);
    assert.equal(kills(undefined, 'v2'), 5);
    for (const [memory, unified] of [
      ['old', 'v2'],
      ['gone', undefined],
      [undefined, 'gone'],
      [undefined, undefined],
    ]) {
      assert.equal(kills(memory, unified), undefined);
    }
  });

  test('is what a real cgroup counts', { skip: withoutV1() }, async () => {
    await using cgroup = makeSmall();
    assert.equal(readOomKills(cgroup.paths), 0);
    await exhaust(cgroup);
    assert.equal(readOomKills(cgroup.paths), 1);
    const file = join(cgroup.paths.controllers.get('memory') ?? '', 'memory.oom_control');
    assert.match(readFileSync(file, 'utf8'), /^oom_kill 1$/m);
  });
});

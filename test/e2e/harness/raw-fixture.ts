import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import { codeName, StatusError, type Code } from '../../../src/ttrpc/status.js';
import { cannotRun } from './fixture.js';
import { look } from './leftovers.js';
import { RawShim, type RawShimOptions } from './raw-shim.js';
import { Witness } from './witness.js';

/** A test that is given the file's shim, in which a container called `witness` runs. */
export type RawScenario = (name: string, body: (shim: RawShim) => Promise<void>, skip?: string) => void;

/**
 * One daemon for all tests of a file. After each of them the same daemon lives, holds no descriptor, child, file, process,
 * mount, cgroup or row more than before, and the witness answers.
 */
export function withRawShim(options: RawShimOptions = {}): RawScenario {
  let shared: Scene | undefined;
  after(async () => {
    await close(shared);
  });
  return (name, body, skip = cannotRun()) => {
    void test(name, { skip: skip ?? false, timeout: 300_000 }, async (context) => {
      shared ??= await open(options);
      const { shim, witness, calm } = shared;
      try {
        await body(shim);
        await witness.ask(shim);
        await assertCalm(shim, calm);
      } catch (error) {
        for (const line of log(shim)) context.diagnostic(line);
        // What this test left is no business of the next one.
        await close(shared);
        shared = undefined;
        throw error;
      }
    });
  };
}

interface Scene {
  readonly shim: RawShim;
  readonly witness: Witness;
  readonly calm: State;
}

async function open(options: RawShimOptions): Promise<Scene> {
  const shim = await RawShim.install(options);
  try {
    await shim.connect();
    await warmUp(shim);
    const witness = await Witness.start(shim);
    await witness.ask(shim);
    return { shim, witness, calm: await settled(shim) };
  } catch (error) {
    await shim.close();
    throw error;
  }
}

async function close(scene: Scene | undefined): Promise<void> {
  scene?.witness.close();
  await scene?.shim.close();
}

/** Asserts that a call is refused: with this code, in one line of text that can be printed and names what is wrong. */
export async function refused(call: Promise<unknown>, code: Code, names: RegExp): Promise<void> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
    const shown = JSON.stringify(error.message);
    assert.match(error.message, names);
    assert.equal(codeName(error.code), codeName(code), shown);
    assert.doesNotMatch(error.message, /\p{Cc}/u, shown);
    assert.ok(error.message.length <= 1000, `${error.message.length} characters: ${shown}`);
    return;
  }
  assert.fail(`not refused, but answered ${JSON.stringify(answer)}`);
}

/** What a daemon has: nothing of it may become more. */
interface State {
  readonly pid: number;
  readonly descriptors: readonly string[];
  readonly things: readonly string[];
}

/** What opens once and stays (the OCI runtime's folders, handles of the event loop) is open before it is counted. */
async function warmUp(shim: RawShim): Promise<void> {
  for (const terminal of [false, true]) {
    await shim.run('warm', ['true'], { terminal });
    await shim.call(TaskV2.methods.Wait, { id: 'warm' });
    await shim.call(TaskV2.methods.Delete, { id: 'warm' });
    shim.removeBundle('warm');
  }
}

async function state(shim: RawShim): Promise<State> {
  const { shimPid: pid } = await shim.call(TaskV2.methods.Connect, { id: 'witness' });
  return { pid, descriptors: descriptors(pid), things: things(shim, pid) };
}

/** The state once it is the same twice in a row: what a request leaves to be closed is closed a moment later. */
async function settled(shim: RawShim): Promise<State> {
  let last = await state(shim);
  for (;;) {
    await sleep(100);
    const next = await state(shim);
    if (JSON.stringify(next) === JSON.stringify(last)) return next;
    last = next;
  }
}

/** Waits for the end of what ends by itself, and fails if something stays. */
async function assertCalm(shim: RawShim, calm: State): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const now = await state(shim);
    assert.equal(now.pid, calm.pid, 'another daemon');
    const more = now.things.filter((thing) => !calm.things.includes(thing));
    if (more.length === 0 && now.descriptors.length <= calm.descriptors.length) return;
    if (Date.now() > deadline) {
      assert.deepEqual(more, []);
      assert.deepEqual(now.descriptors, calm.descriptors);
    }
    await sleep(20);
  }
}

function descriptors(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).map((name) => {
    try {
      return readlinkSync(join(folder, name));
    } catch {
      return 'closed meanwhile';
    }
  });
}

function things(shim: RawShim, daemon: number): string[] {
  return [
    ...look(shim),
    ...zombies(daemon),
    ...entries(join(shim.directory, 's')),
    ...entries(shim.runDirectory).filter((path) => !/state\.db-(wal|shm)$/.test(path)),
    ...entries(join(shim.directory, 'b')).filter((path) => !path.includes('/witness')),
  ];
}

/** Children that ended and that nobody has waited for. */
function zombies(parent: number): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const [state, ppid] = read(`/proc/${pid}/stat`).replace(/.*\) /s, '').split(' ');
      return state === 'Z' && Number(ppid) === parent ? [`zombie ${pid}`] : [];
    });
}

/** All that lies below a folder, of whatever kind. */
function entries(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...entries(path)] : [path];
  });
}

function log(shim: RawShim): string[] {
  return read(join(shim.directory, 'shim.log')).split('\n').slice(-40);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // gone between two looks, or never made
  }
}

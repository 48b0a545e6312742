import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Release } from '../../../src/kernel/bindings/types.js';
import type { Store } from '../../../src/store/database.js';
import type { RuntimeWorld } from '../runtime-world.js';
import { live } from './life.js';
import { Bundles, copyStore, namespace, openMemoryStore, startDaemon } from './machine.js';
import { scenarios, type Scenario } from './scenarios.js';
import { seenOf } from './seen.js';

/** A machine whose daemons die. */
interface Mortal {
  readonly world: RuntimeWorld;
  readonly bundles: Bundles;
  readonly scenario: Scenario;
  /** What is there when no container is, and no daemon. */
  readonly empty: readonly string[];
}

async function prepare(scenario: Scenario, release: Release): Promise<Mortal> {
  const { containers } = scenario;
  const bundles = new Bundles(Object.fromEntries(containers.map(({ id, spec }) => [id, spec])));
  const world = await scenario.machine(release);
  bundles.plant(
    world,
    containers.map(({ id }) => id),
  );
  // What all containers share is made with the first one, and stays.
  const daemon = await startDaemon(world, openMemoryStore());
  assert.deepEqual((await live(daemon, world, bundles, scenario)).failures, []);
  daemon.die();
  return { world, bundles, scenario, empty: seenOf(world) };
}

class Killed extends Error {}

/** Has a daemon die at the n-th moment of the life of containers; its store, or undefined if there are fewer. */
async function die({ world, bundles, scenario }: Mortal, n: number): Promise<Store | undefined> {
  const { faults } = world.model;
  const database = openMemoryStore();
  const daemon = await startDaemon(world, database);
  let store: Store | undefined;
  // Its promises may stay open for ever, as nobody is there to keep them.
  const died = new Promise<void>((resolve) => {
    faults.atMoment(n, () => {
      daemon.die();
      // What its code still does to its store, nobody has done.
      store = copyStore(database);
      resolve();
      throw new Killed('the daemon was killed');
    });
  });
  await Promise.race([died, live(daemon, world, bundles, scenario).catch(() => died)]);
  if (store === undefined) daemon.die();
  faults.atMoment(0, () => undefined);
  return store;
}

for (const scenario of scenarios) {
  const release = scenario.releases.at(-1) ?? 15;
  suite(`${scenario.name}, when the daemon is killed (FreeBSD ${release})`, () => {
    test('at any moment: delete leaves nothing', async (context) => {
      const mortal = await prepare(scenario, release);
      const { world, bundles, empty } = mortal;
      context.after(() => {
        world.close();
        bundles.remove();
      });
      let n = 1;
      for (; ; n++) {
        const store = await die(mortal, n);
        if (store === undefined) break;
        const next = await startDaemon(world, store);
        for (const { id } of scenario.containers) await next.leftOvers.clear({ namespace, id });
        await next.leftOvers.done;
        assert.deepEqual(next.store.list(), [], `moment ${n}`);
        next.die();
        store.close();
        assert.deepEqual(seenOf(world), empty, `moment ${n}: ${next.warnings.join(' | ')}`);
      }
      context.diagnostic(`killed at ${n - 1} moments`);
      assert.ok(n > 60, `${n} moments`);
    });
  });
}

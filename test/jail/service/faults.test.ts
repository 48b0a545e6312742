import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Release } from '../../../src/kernel/bindings/types.js';
import { plausibleErrors } from '../../model/plausible.js';
import type { RuntimeWorld } from '../runtime-world.js';
import { live } from './life.js';
import { Bundles, openMemoryStore, startDaemon, type Daemon } from './machine.js';
import { scenarios, type Scenario } from './scenarios.js';
import { seenOf } from './seen.js';

/** A machine with a daemon, and what was there before the first container. */
interface Prepared {
  readonly world: RuntimeWorld;
  readonly daemon: Daemon;
  readonly bundles: Bundles;
  /** What runs when nothing fails. */
  readonly usual: readonly string[];
  /** What is there when no container is. */
  readonly empty: readonly string[];
}

async function prepare(scenario: Scenario, release: Release): Promise<Prepared> {
  const { containers } = scenario;
  const bundles = new Bundles(Object.fromEntries(containers.map(({ id, spec }) => [id, spec])));
  const world = await scenario.machine(release);
  bundles.plant(
    world,
    containers.map(({ id }) => id),
  );
  const daemon = await startDaemon(world, openMemoryStore());
  // What all containers share is made with the first one, and stays.
  const { failures, running } = await live(daemon, world, bundles, scenario);
  assert.deepEqual(failures, []);
  return { world, daemon, bundles, usual: running ?? [], empty: seenOf(world) };
}

/** In one line, what failed and why, said once. */
function checkMessage(message: string, symbol: string, code: string): void {
  assert.doesNotMatch(message, /[\n\r]|undefined|\[object|^\s*$/);
  assert.ok(message.length < 300, message);
  // A file without the folders that it is in is no help.
  assert.doesNotMatch(
    message,
    /\b(open|mkdir|unlink|rename|f\w+)at: (?!\/|terminal)|\bstatfs: [^/]|EBADF|denied/,
  );
  const said = message.split(code).length - 1;
  assert.ok(said <= 1, `${code} of ${symbol} is told ${said} times: ${message}`);
}

for (const scenario of scenarios) {
  suite(`${scenario.name}, when a call fails`, () => {
    for (const release of scenario.releases) {
      test(`nothing is left, and the daemon serves on (FreeBSD ${release})`, async (context) => {
        const { world, daemon, bundles, usual, empty } = await prepare(scenario, release);
        context.after(() => {
          world.close();
          bundles.remove();
        });
        const { faults } = world.model;
        let told = 0;
        let n = 1;
        for (; ; n++) {
          let code = '';
          faults.failNth(n, (symbol) => {
            const codes = plausibleErrors(symbol);
            return (code = codes[n % codes.length] ?? 'EIO');
          });
          const { failures, running } = await live(daemon, world, bundles, scenario);
          const { failed } = faults;
          faults.failNth(0, '');
          const point = `call ${n}, ${failed ?? 'none'}: ${code}`;
          assert.ok(failures.length <= 1, `${point}: ${failures.join(' | ')}`);
          for (const failure of failures) checkMessage(failure, failed ?? '', code);
          told += failures.length;
          assert.deepEqual(seenOf(world), empty, point);
          assert.deepEqual(daemon.store.list(), [], point);
          if (running !== undefined) assert.deepEqual(running, usual, point);
          daemon.warnings.length = 0;
          if (failed === undefined) break;
        }
        context.diagnostic(`${n - 1} calls failed, one at a time; clients were told of ${told}`);
        assert.ok(n > 100, `${n} calls`);
      });
    }
  });
}

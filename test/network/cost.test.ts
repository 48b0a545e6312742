import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Kernel } from '../../src/kernel/kernel.js';
import { connect } from '../../src/network/connect.js';
import { NetworkFilter } from '../../src/network/filter.js';
import { parsePorts } from '../../src/network/ports.js';
import { Preparation } from '../../src/network/preparation.js';
import type { Release } from '../../src/kernel/bindings/types.js';
import { leave, makeJail, readyHost, request, TestLedger } from './harness.js';

/** The most that connecting a container may ask of the host's kernel, in batches and calls; a change that asks more should know it. */
const ceilings = { first: [34, 114], another: [10, 46], publishing: [20, 99], leaving: [7, 22] } as const;

async function costs(release: Release): Promise<Record<string, [number, number]>> {
  const host = await readyHost(release);
  const counted: [number, number] = [0, 0];
  const kernel: Kernel = {
    platform: 'freebsd',
    run: (batch) => {
      counted[0] += 1;
      counted[1] += batch.calls.length;
      return host.system.kernel.run(batch);
    },
    close: () => undefined,
  };
  // Made anew, as the filter and the preparation have the kernel that they were made with.
  const system = { ...host.system, kernel };
  const filter = new NetworkFilter(system, () => undefined);
  const preparation = new Preparation(system, () => undefined);
  const counting = { ...host, system, filter, preparation };
  const of = async (task: () => Promise<unknown>): Promise<[number, number]> => {
    counted.fill(0);
    await task();
    return [...counted];
  };
  const join = async (id: string, ports = ''): Promise<[TestLedger, [number, number]]> => {
    const jid = await makeJail(host, id);
    const ledger = new TestLedger();
    const asked = request(id, jid, { ports: parsePorts('publish', ports) });
    return [ledger, await of(() => connect(counting, ledger, asked))];
  };
  const [, first] = await join('first');
  const [, another] = await join('another');
  for (let number = 0; number < 20; number++) await join(`c${number}`);
  const [, later] = await join('later');
  const [ledger, publishing] = await join('publishing', '8080:80');
  const leaving = await of(() => leave(counting, 'publishing', ledger));
  host.close();
  return { first, another, later, publishing, leaving };
}

suite('what a network costs', () => {
  for (const release of [12, 14, 15] as const) {
    test(`on FreeBSD ${release}`, async (context) => {
      const found = await costs(release);
      for (const [what, [batches, calls]] of Object.entries(found)) {
        context.diagnostic(`${what}: ${batches} batches, ${calls} calls`);
      }
      for (const [what, [batches, calls]] of Object.entries(ceilings)) {
        const [b = 0, c = 0] = found[what] ?? [];
        assert.ok(b <= batches && c <= calls, `${what}: ${b} batches, ${c} calls`);
      }
      assert.deepEqual(found['later'], found['another'], 'it does not grow with the number of containers');
    });
  }
});

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from '../../src/network/connect.js';
import { parsePorts } from '../../src/network/ports.js';
import { chooseSeed, Random } from '../ttrpc/random.js';
import {
  endJail,
  leave,
  makeJail,
  readyHost,
  request,
  start,
  stop,
  TestLedger,
  type Container,
} from './harness.js';

const ports = parsePorts('publish', '8080:80,53:53/udp');

for (const release of [12, 14, 15] as const) {
  suite(`when a call fails, on FreeBSD ${release}`, () => {
    test('of connecting: an error, and nothing is left', async (context) => {
      let n = 1;
      for (; ; n++) {
        const host = await readyHost(release);
        const jid = await makeJail(host, 'web');
        const ledger = new TestLedger();
        host.model.faults.failNth(n, 'ENOMEM');
        const outcome = await connect(host, ledger, request('web', jid, { ports })).then(
          () => undefined,
          (error: unknown) => error,
        );
        const { failed } = host.model.faults;
        host.model.faults.failNth(0, '');
        if (outcome !== undefined) {
          assert.ok(outcome instanceof Error);
          assert.match(outcome.message, /ENOMEM/);
          assert.doesNotMatch(outcome.message, /\n/);
        }
        await leave(host, 'web', ledger);
        await endJail(host, jid);
        assert.deepEqual(host.remains(), [], `after call ${n}, ${failed ?? 'none'}, failed`);
        assert.deepEqual(ledger.entries, []);
        assert.deepEqual(
          host.leases.list().filter(({ namespace }) => namespace !== ''),
          [],
        );
        assert.deepEqual(host.ports.list(), []);
        host.close();
        if (failed === undefined) break;
      }
      context.diagnostic(`${n - 1} calls failed, one at a time`);
      assert.ok(n > 60, `only ${n} calls`);
    });

    test('of disconnecting: once more, and nothing is left', async (context) => {
      let n = 1;
      for (; ; n++) {
        const host = await readyHost(release);
        const web = await start(host, 'web', { ports });
        host.model.faults.failNth(n, 'EINTR');
        const outcome = await leave(host, 'web', web.ledger).then(
          () => undefined,
          (error: unknown) => error,
        );
        const { failed } = host.model.faults;
        host.model.faults.failNth(0, '');
        if (outcome !== undefined) {
          assert.ok(outcome instanceof Error);
          assert.match(outcome.message, /EINTR/);
        }
        await leave(host, 'web', web.ledger);
        await endJail(host, web.jid);
        assert.deepEqual(host.remains(), [], `after call ${n}, ${failed ?? 'none'}, failed`);
        assert.deepEqual(web.ledger.entries, []);
        host.close();
        if (failed === undefined) break;
      }
      context.diagnostic(`${n - 1} calls failed, one at a time`);
      assert.ok(n > 10, `only ${n} calls`);
    });
  });
}

suite('many containers', () => {
  test('200 come and go in random order, eight at once: no two share anything, and nothing is left', async (context) => {
    const seed = chooseSeed();
    context.diagnostic(`FUZZ_SEED=${seed}`);
    const random = new Random(seed);
    const host = await readyHost();
    const running: Container[] = [];
    let next = 0;
    const seen = { most: 0 };
    const lane = async (): Promise<void> => {
      while (next < 200) {
        const number = next++;
        const web = await start(host, `c${number}`, {
          ports: random.oneIn(3) ? parsePorts('publish', `${10_000 + number}:80`) : [],
        });
        running.push(web);
        const all = running.flatMap(({ connection }) => [
          connection.mac,
          ...connection.addresses.map(({ address }) => address),
        ]);
        assert.equal(new Set(all).size, all.length);
        seen.most = Math.max(seen.most, running.length);
        while (running.length > 20 || (running.length > 0 && random.oneIn(3))) {
          const [gone] = running.splice(random.below(running.length), 1);
          if (gone !== undefined) await stop(host, gone);
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, lane));
    for (const web of running.splice(0)) await stop(host, web);
    context.diagnostic(`${next} containers, at most ${seen.most} at the same time`);
    assert.ok(seen.most > 8);
    assert.deepEqual(host.remains(), []);
    assert.deepEqual(
      host.leases.list().filter(({ namespace }) => namespace !== ''),
      [],
    );
    host.close();
  });
});

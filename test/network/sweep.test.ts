import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { run } from '../../src/kernel/freebsd/run.js';
import { createInterface, interfaceIndex } from '../../src/kernel/freebsd/interface.js';
import { RulesetLoader } from '../../src/kernel/freebsd/pf-load.js';
import { connect } from '../../src/network/connect.js';
import { detach, ledgerOf } from '../../src/network/cni/detach.js';
import { keyOf } from '../../src/network/cni/key.js';
import type { LivingJails } from '../../src/network/living.js';
import { sweep } from '../../src/network/sweep.js';
import { parsePorts } from '../../src/network/ports.js';
import { attachmentStore, type AttachmentStore } from '../../src/store/attachments.js';
import { openNetworkStore } from '../../src/store/network-database.js';
import { endJail, makeJail, readyHost, request, start, stop, type TestHost } from './harness.js';

const ports = parsePorts('publish', '8080:80');

/** Jails of these containers of the namespace `default`, and these jids. */
function living(ids: readonly string[], jids: readonly number[] = [], hasOthers = false): LivingJails {
  return {
    has: ({ id }) => ids.includes(id),
    hasJid: (jid) => jids.includes(jid),
    known: ids.map((id) => ({ namespace: 'default', id })),
    hasOthers,
  };
}

async function sweepNow(
  host: TestHost,
  jails: LivingJails,
  attachments: AttachmentStore = attachmentStore(openNetworkStore(':memory:')),
): Promise<{ swept: string[]; failed: string[] }> {
  const report = { swept: [] as string[], failed: [] as string[] };
  await sweep(host, attachments, () => Promise.resolve(jails), {
    swept: (what) => report.swept.push(what),
    failed: (what, error) => report.failed.push(`${what}: ${(error as Error).message}`),
  });
  return report;
}

/** Forgets all that the database holds, as if it had been removed; the kernel keeps what it has. */
function forget(host: TestHost): void {
  for (const lease of host.leases.list()) {
    host.leases.release(lease);
    host.ports.release(lease);
    host.macs.release(lease);
    host.hosts.remove(lease);
  }
}

suite('what containers leave that nobody remembers', () => {
  test('is taken back, and what the living have is not', async () => {
    const host = await readyHost();
    const db = await start(host, 'db');
    const before = host.remains();
    const web = await start(host, 'web', { ports });
    // Its jail ends once its interface is gone; its ledger was lost.
    assert.deepEqual(await sweepNow(host, living(['db'])), { swept: ['container default/web'], failed: [] });
    await endJail(host, web.jid);
    assert.deepEqual(host.remains(), before);
    assert.deepEqual(host.ports.list(), []);
    assert.deepEqual([...new Set(host.leases.list().map(({ id }) => id))].sort(), ['db', 'default']);
    assert.deepEqual(await sweepNow(host, living(['db'])), { swept: [], failed: [] });
    await stop(host, db);
    host.close();
  });

  test('stays if it cannot be taken back, and the others are not kept waiting', async () => {
    const host = await readyHost();
    const one = await start(host, 'one');
    const two = await start(host, 'two');
    let asked = 0;
    const nothing = living([]);
    const report = { swept: [] as string[], failed: [] as string[] };
    await sweep(
      host,
      attachmentStore(openNetworkStore(':memory:')),
      () => {
        // Asked before the first is taken away: the next call is the first that does.
        if (++asked === 2) host.model.faults.failNth(1, 'EPERM');
        return Promise.resolve(nothing);
      },
      {
        swept: (what) => report.swept.push(what),
        failed: (what, error) => report.failed.push(`${what}: ${(error as Error).message}`),
      },
    );
    assert.equal(report.failed.length, 1);
    assert.match(report.failed[0] ?? '', /^container default\/one: .*EPERM/);
    assert.deepEqual(report.swept, ['container default/two']);
    assert.deepEqual((await sweepNow(host, nothing)).swept, ['container default/one']);
    for (const { jid } of [one, two]) await endJail(host, jid);
    assert.deepEqual(host.remains(), []);
    host.close();
  });

  test('is not taken from a container that has begun to live meanwhile', async () => {
    const host = await readyHost();
    const one = await start(host, 'one');
    const two = await start(host, 'two');
    let asked = 0;
    const report = { swept: [] as string[], failed: [] as string[] };
    await sweep(
      host,
      attachmentStore(openNetworkStore(':memory:')),
      () => Promise.resolve(living(asked++ > 1 ? ['two'] : [])),
      {
        swept: (what) => report.swept.push(what),
        failed: (what) => report.failed.push(what),
      },
    );
    assert.deepEqual(report, { swept: ['container default/one'], failed: [] });
    await endJail(host, one.jid);
    await stop(host, two);
    assert.deepEqual(host.remains(), []);
    host.close();
  });

  test('a port without a lease is given back', async () => {
    const host = await readyHost();
    host.ports.take(
      { namespace: 'default', id: 'web', interface: 'eth0' },
      [{ protocol: 'tcp', address: '', first: 80, last: 80 }],
      () => false,
    );
    assert.deepEqual((await sweepNow(host, living([]))).swept, ['container default/web']);
    assert.deepEqual(host.ports.list(), []);
    host.close();
  });

  test('is found in the kernel if the database is lost, and what the living have is not touched', async () => {
    const host = await readyHost();
    const db = await start(host, 'db', { ports: parsePorts('publish', '5432:5432') });
    const before = host.remains();
    const web = await start(host, 'web', { ports });
    forget(host);
    // Neither is an interface of somebody else, nor an anchor that is no container's.
    await run(host.system, (b) => createInterface(b, 'epair20000'));
    const { swept, failed } = await sweepNow(host, living(['db']));
    assert.deepEqual(failed, []);
    assert.deepEqual(
      swept.map((what) => what.replace(/container-.*-/, '')),
      ['interface epair16385a', 'anchor containerd-shim-jail/web'],
    );
    await endJail(host, web.jid);
    await run(host.system, (b) => interfaceIndex(b, 'epair20000a'));
    assert.deepEqual(
      host.remains().filter((what) => !what.includes('epair20000')),
      before,
    );
    await stop(host, db);
    host.close();
  });

  test('anchors stay while a jail may own any of them', async () => {
    const host = await readyHost();
    await new RulesetLoader(host.system).load('containerd-shim-jail/container-0-x', {
      filter: [{ kind: 'filter', action: 'pass', label: 'default/x' }],
    });
    assert.deepEqual((await sweepNow(host, living([], [], true))).swept, []);
    assert.deepEqual((await sweepNow(host, living([]))).swept, ['anchor containerd-shim-jail/container-0-x']);
    host.close();
  });
});

suite('what CNI runtimes leave', () => {
  const attachment = { network: 'default', id: 'c1', interface: 'eth0' };

  async function attach(host: TestHost, attachments: AttachmentStore): Promise<number> {
    const jid = await makeJail(host, 'sandbox');
    attachments.add(attachment, jid);
    const more = { ...keyOf(attachment), jid, ports };
    await connect(host, ledgerOf(attachments, attachment), { ...request('', jid), ...more });
    return jid;
  }

  test('stays while its jail is there, and goes when it is not', async () => {
    const host = await readyHost();
    const attachments = attachmentStore(openNetworkStore(':memory:'));
    const jid = await attach(host, attachments);
    const before = host.remains();
    assert.deepEqual(await sweepNow(host, living([], [jid]), attachments), { swept: [], failed: [] });
    assert.deepEqual(host.remains(), before);
    assert.deepEqual(await sweepNow(host, living([], [jid + 1]), attachments), {
      swept: ['attachment eth0 of c1'],
      failed: [],
    });
    assert.deepEqual(attachments.list(), []);
    await endJail(host, jid);
    assert.deepEqual(host.remains(), []);
    await detach(host, attachments, attachment);
    host.close();
  });

  test('is not taken for somebody’s that nobody remembers', async () => {
    const host = await readyHost();
    const attachments = attachmentStore(openNetworkStore(':memory:'));
    const jid = await attach(host, attachments);
    const before = host.remains();
    forget(host);
    const lost = attachmentStore(openNetworkStore(':memory:'));
    assert.deepEqual(await sweepNow(host, living([], [jid]), lost), { swept: [], failed: [] });
    assert.deepEqual(host.remains(), before);
    host.close();
  });
});

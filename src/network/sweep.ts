import type { AttachmentStore } from '../store/attachments.js';
import type { Lease } from '../store/leases.js';
import type { HeldPorts } from '../store/ports.js';
import { detach } from './cni/detach.js';
import { isAttachment } from './cni/key.js';
import { disconnect, type Made } from './disconnect.js';
import type { NetworkState } from './host.js';
import type { LivingJails, NetworkHolder } from './living.js';
import { pairOfLease } from './pair.js';
import { listPairs, strayPairs, destroyStray } from './stray-pairs.js';
import { strayAnchors } from './stray-anchors.js';

/** Told what was taken back, and of what that failed for; the rest is not kept waiting. */
export interface SweepReport {
  swept(what: string): void;
  failed(what: string, error: unknown): void;
}

/**
 * Takes back what is held for jails that are no more: leases, ports, names, rules, pairs. Journals tell all of it, so
 * it is left only by programs that were killed whose journal was lost, and by CNI runtimes that never asked for DEL.
 *
 * @param living asked for the jails after all else was listed: things are made for jails that are there already, so
 * what is listed and has no jail then is nobody's
 */
export async function sweep(
  host: NetworkState,
  attachments: AttachmentStore,
  living: () => Promise<LivingJails>,
  report: SweepReport,
): Promise<void> {
  // Before the leases: those of them that are in use have one.
  const anchors = await host.filter.containerAnchors();
  const pairs = await listPairs(host.system);
  const leases = host.leases.list();
  const held = heldThings(leases, host.ports.list());
  const attached = attachments.list();
  const jails = await living();

  const attempt = async (what: string, task: () => Promise<unknown>): Promise<void> => {
    try {
      await task();
      report.swept(what);
    } catch (error) {
      report.failed(what, error);
    }
  };
  for (const { container, made } of held) {
    if (isAttachment(container.namespace) || jails.has(container)) continue;
    // Another container of this name may have begun to live while others were swept.
    if ((await living()).has(container)) continue;
    await attempt(shown(container), () =>
      disconnect(host, container, { making: () => 0, unmade: () => undefined }, made),
    );
  }
  for (const attachment of attached) {
    const jid = attachments.jailOf(attachment);
    // Without one it is being made just now.
    if (jid === undefined || jails.hasJid(jid) || (await living()).hasJid(jid)) continue;
    await attempt(`attachment ${attachment.interface} of ${attachment.id}`, () =>
      detach(host, attachments, attachment),
    );
  }
  const holders = held.map(({ container }) => container);
  for (const pair of strayPairs(pairs, leases, jails)) {
    await attempt(`interface ${pair}`, () => destroyStray(host.system, pair));
  }
  for (const anchor of await strayAnchors(host.filter, anchors, holders, jails)) {
    await attempt(`anchor ${anchor}`, () => host.filter.clear(anchor));
  }
}

function shown({ namespace, id }: NetworkHolder): string {
  return `container ${namespace}/${id}`;
}

interface Held {
  readonly container: NetworkHolder;
  /** What was made, in the terms of a ledger. */
  readonly made: readonly Made[];
}

/** Who holds something, by the leases and ports that there are. */
function heldThings(leases: readonly Lease[], ports: readonly HeldPorts[]): Held[] {
  const all = new Map<string, { container: NetworkHolder; made: Made[] }>();
  const entryOf = ({ namespace, id }: NetworkHolder): Made[] => {
    const key = `${namespace}/${id}`;
    const entry = all.get(key) ?? { container: { namespace, id }, made: [] };
    all.set(key, entry);
    return entry.made;
  };
  for (const lease of leases) {
    const { namespace, id } = lease;
    // The gateways' own.
    if (namespace === '') continue;
    const pair = pairOfLease(lease);
    const detail = pair ?? { namespace, id, interface: lease.interface };
    // What comes later goes first: pairs before addresses are given to others.
    const seq = pair === undefined ? 1 : 2;
    entryOf(lease).push({ seq, kind: pair === undefined ? 'lease' : 'pair', detail });
  }
  for (const { namespace, id, interface: name } of ports) {
    entryOf({ namespace, id }).push({ seq: 1, kind: 'lease', detail: { namespace, id, interface: name } });
  }
  return [...all.values()].map(({ container, made }) => ({
    container,
    made: made.sort((one, other) => one.seq - other.seq),
  }));
}

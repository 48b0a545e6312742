import { isKernelError } from '../error.js';
import { BatchBuilder } from './batch-builder.js';
import { rulesetKinds } from './pf-anchor.js';
import { openPacketFilter, type PacketFilter } from './pf-device.js';
import { countRules } from './pf-rules.js';
import type { FilterRule, NatRule, RdrRule } from './pf-rule.js';
import {
  addRule,
  beginPool,
  beginRulesets,
  commitRulesets,
  rollBackRulesets,
  type Tickets,
} from './pf-transaction.js';
import { run, type FreeBSD } from './run.js';

/** The rules of an anchor. */
export interface Rulesets {
  readonly nat?: readonly NatRule[];
  readonly rdr?: readonly RdrRule[];
  readonly filter?: readonly FilterRule[];
}

/** How often to begin again when somebody else uses the filter: a reload of pf.conf(5) takes the one pool buffer once a rule. */
const attempts = 16;

/**
 * Replaces the rules of anchors. One load is under way at a time: two of them would take the kernel's one pool buffer
 * from each other.
 */
export class RulesetLoader {
  readonly #system: FreeBSD;
  #last: Promise<unknown> = Promise.resolve();

  constructor(system: FreeBSD) {
    this.#system = system;
  }

  /**
   * Makes these the rules of an anchor, all of them or none; the anchor is made if it is not there.
   *
   * @throws RangeError for a rule that makes no sense; nothing was called
   * @throws KernelError if the kernel refuses; the anchor is as it was
   */
  load(anchor: string, rulesets: Rulesets): Promise<void> {
    return this.#next(() => this.#load(anchor, rulesets));
  }

  /** Takes all rules of an anchor away, and with them the anchor, unless anchors are below it or a rule calls it. */
  clear(anchor: string): Promise<void> {
    return this.load(anchor, {});
  }

  #next(task: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #load(anchor: string, rulesets: Rulesets): Promise<void> {
    // What makes no sense is refused before anything is begun.
    addRules(new BatchBuilder(this.#system.bindings), 0, anchor, rulesets, noTickets, 0);
    for (let left = attempts - 1; ; left--) {
      try {
        await this.#attempt(anchor, rulesets);
        return;
      } catch (error) {
        if (isKernelError(error, 'EBUSY') && left > 0) continue;
        await undo(error, () => this.#removeIfEmpty(anchor));
      }
    }
  }

  async #attempt(anchor: string, rulesets: Rulesets): Promise<void> {
    const { tickets, pool } = await run(this.#system, (b) => {
      const pf = openPacketFilter(b);
      return { tickets: beginRulesets(b, pf, anchor), pool: b.attempt(() => beginPool(b, pf)) };
    });
    try {
      if (isKernelError(pool)) throw pool;
      await run(this.#system, (b) => {
        const pf = openPacketFilter(b);
        addRules(b, pf, anchor, rulesets, tickets, pool);
        return commitRulesets(b, pf, anchor, tickets);
      });
    } catch (error) {
      await undo(error, () => {
        return run(this.#system, (b) => rollBackRulesets(b, openPacketFilter(b), anchor, tickets));
      });
    }
  }

  /** An anchor that a failed load has made stays until something is committed in it. */
  async #removeIfEmpty(anchor: string): Promise<void> {
    const counts = await run(this.#system, (b) => {
      const pf = openPacketFilter(b);
      return rulesetKinds.map((kind) => b.attempt(() => countRules(b, pf, anchor, kind)));
    });
    for (const count of counts) {
      // EINVAL: there is no such anchor.
      if (isKernelError(count, 'EINVAL')) return;
      if (isKernelError(count)) throw count;
      if (count.count > 0) return;
    }
    await this.#attempt(anchor, {});
  }
}

const noTickets: Tickets = { nat: 0, rdr: 0, filter: 0 };

function addRules(
  b: BatchBuilder,
  pf: PacketFilter,
  anchor: string,
  rulesets: Rulesets,
  tickets: Tickets,
  pool: number,
): void {
  let poolTicket = pool;
  for (const kind of rulesetKinds) {
    for (const rule of rulesets[kind] ?? []) {
      poolTicket = (poolTicket + 1) % 2 ** 32;
      addRule(b, pf, { anchor, ticket: tickets[kind], poolTicket }, rule);
    }
  }
}

/** Throws an error after something was undone; with what went wrong in that, if it did. */
async function undo(error: unknown, undoing: () => Promise<unknown>): Promise<never> {
  const [undone] = await Promise.allSettled([undoing()]);
  if (undone.status === 'fulfilled') throw error;
  const errors: unknown[] = [error, undone.reason];
  const words = errors.map((each) => (each instanceof Error ? each.message : String(each)));
  throw new AggregateError(errors, words.join('; then, undoing it: '));
}

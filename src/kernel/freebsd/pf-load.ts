import { isKernelError, type KernelError } from '../error.js';
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
/** Milliseconds to wait before the first of them, at most; twice as long before each next, up to so many times. */
const pause = 1;
const longestPauses = 64;

/** Does something while nobody else of ours does, in this program or in others. */
export type Exclusively = <T>(task: () => Promise<T>) => Promise<T>;

/**
 * Replaces the rules of anchors. One load is under way at a time: two of them would take the kernel's one pool buffer
 * from each other.
 */
export class RulesetLoader {
  readonly #system: FreeBSD;
  readonly #exclusively: Exclusively;
  #last: Promise<unknown> = Promise.resolve();

  /** @param exclusively where several programs load rules: has them take turns */
  constructor(system: FreeBSD, exclusively: Exclusively = (task) => task()) {
    this.#system = system;
    this.#exclusively = exclusively;
  }

  /**
   * Makes these the rules of an anchor, all of them or none; the anchor is made if it is not there.
   *
   * @throws RangeError for a rule that makes no sense; nothing was called
   * @throws KernelError if the kernel refuses; the anchor is as it was
   */
  load(anchor: string, rulesets: Rulesets): Promise<void> {
    return this.#next(() => this.#exclusively(() => this.#load(anchor, rulesets)));
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
      const begun = await this.#begin(anchor);
      try {
        await this.#finish(anchor, rulesets, begun);
        return;
      } catch (error) {
        const again = isKernelError(error, 'EBUSY') && left > 0;
        const undoing = async (): Promise<void> => {
          await run(this.#system, (b) => rollBackRulesets(b, openPacketFilter(b), anchor, begun.tickets));
          if (!again) await this.#removeIfEmpty(anchor);
        };
        await undo(error, undoing);
        if (!again) throw error;
        const longest = pause * Math.min(2 ** (attempts - 1 - left), longestPauses);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * longest));
      }
    }
  }

  /** Begins a transaction, and asks where the tickets of pools are. */
  async #begin(anchor: string): Promise<Begun> {
    try {
      return await run(this.#system, (b) => {
        const pf = openPacketFilter(b);
        return { tickets: beginRulesets(b, pf, anchor), pool: b.attempt(() => beginPool(b, pf)) };
      });
    } catch (error) {
      // Some of its rulesets may have been begun, unless there was no device to ask.
      if (isKernelError(error) && error.call === 'ioctl')
        await undo(error, () => this.#removeIfEmpty(anchor));
      throw error;
    }
  }

  async #finish(anchor: string, rulesets: Rulesets, { tickets, pool }: Begun): Promise<void> {
    if (isKernelError(pool)) throw pool;
    await run(this.#system, (b) => {
      const pf = openPacketFilter(b);
      addRules(b, pf, anchor, rulesets, tickets, pool);
      return commitRulesets(b, pf, anchor, tickets);
    });
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
    const tickets = await run(this.#system, (b) => beginRulesets(b, openPacketFilter(b), anchor));
    await run(this.#system, (b) => commitRulesets(b, openPacketFilter(b), anchor, tickets));
  }
}

/** A transaction that was begun. */
interface Begun {
  readonly tickets: Tickets;
  /** The ticket that pools had then. */
  readonly pool: number | KernelError;
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

/** Undoes something after an error. Throws both that and what went wrong in undoing it, if something did. */
async function undo(error: unknown, undoing: () => Promise<unknown>): Promise<void> {
  const [undone] = await Promise.allSettled([undoing()]);
  if (undone.status === 'fulfilled') return;
  const errors: unknown[] = [error, undone.reason];
  const words = errors.map((each) => (each instanceof Error ? each.message : String(each)));
  throw new AggregateError(errors, words.join('; then, undoing it: '));
}

import { isKernelError } from '../kernel/error.js';
import { findAnchorCalls, missingCallsMessage } from '../kernel/freebsd/pf-anchor-calls.js';
import { listAnchors, type RulesetKind } from '../kernel/freebsd/pf-anchor.js';
import { openPacketFilter, packetFilterStatus } from '../kernel/freebsd/pf-device.js';
import { RulesetLoader, type Exclusively, type Rulesets } from '../kernel/freebsd/pf-load.js';
import { killStatesOf } from '../kernel/freebsd/pf-kill.js';
import { readRules } from '../kernel/freebsd/pf-rule-reader.js';
import { countRules, listRules } from '../kernel/freebsd/pf-rules.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import { containerAnchor, isContainerAnchor, networkAnchor, parentAnchor } from './anchors.js';
import { NetworkError } from './error.js';
import { rulesText } from './rules-text.js';
import { containerRules, networkRules, type RuledContainer, type RuledNetwork } from './rules.js';

/** A container whose ports are published. */
export interface Published extends RuledContainer {
  readonly namespace: string;
  readonly id: string;
}

/**
 * Our rules in the packet filter. The main ruleset is the administrator's: it is read, to say what it lacks, and never
 * written.
 */
export class NetworkFilter {
  readonly #system: FreeBSD;
  readonly #loader: RulesetLoader;
  readonly #warn: (message: string) => void;
  /** Kinds of rules that the main ruleset was seen to ask us for. */
  readonly #called = new Set<RulesetKind>();
  readonly #told = new Set<string>();

  /** @param exclusively has the programs take turns that load rules into this kernel */
  constructor(system: FreeBSD, warn: (message: string) => void, exclusively?: Exclusively) {
    this.#system = system;
    this.#loader = new RulesetLoader(system, exclusively);
    this.#warn = warn;
  }

  /**
   * Whether translation works here. What is missing for it is said once, in one line.
   *
   * @throws Error when it is needed, for published ports, and does not work
   */
  async check(needed: boolean): Promise<boolean> {
    const lack = await this.#lack(needed ? ['nat', 'rdr', 'filter'] : ['nat']);
    if (lack === undefined) return true;
    if (needed) throw new NetworkError('lacking', `ports cannot be published: ${lack.text}`);
    this.#tellOnce(`containers reach no network but their own: ${lack.text}`);
    return lack.canLoad;
  }

  /** What keeps containers from reaching other networks, in one line; undefined if nothing does. */
  async lack(): Promise<string | undefined> {
    return (await this.#lack(['nat']))?.text;
  }

  /** Loads what the containers of a network share, unless it is there: also when its outside has become another. */
  async share(name: string, network: RuledNetwork): Promise<void> {
    const anchor = networkAnchor(name);
    const rules = networkRules(network);
    const there = await readRules(this.#system, anchor, 'nat').catch((error: unknown) => {
      if (isKernelError(error, 'EINVAL')) return [];
      throw error;
    });
    const nat = there.flatMap((rule) => (rule?.kind === 'nat' ? [rule] : []));
    const isThere = nat.length === there.length && rulesText({ nat }) === rulesText(rules);
    if (!isThere) await this.#loader.load(anchor, rules);
  }

  /** Loads the rules of a container, if it has any. */
  async publish(network: RuledNetwork, container: Published): Promise<void> {
    const rules: Rulesets = containerRules(network, container);
    await this.#loader.load(containerAnchor(container), rules);
  }

  /** The anchors of containers that are loaded; none without a packet filter. */
  async containerAnchors(): Promise<string[]> {
    try {
      const names = await listAnchors(this.#system, parentAnchor);
      return names.map((name) => `${parentAnchor}/${name}`).filter(isContainerAnchor);
    } catch (error) {
      if (isWithoutFilter(error)) return [];
      throw error;
    }
  }

  /** The label of an anchor's filter rules, which all have the same; '' if it has none. */
  async labelOf(anchor: string): Promise<string> {
    const rules = await listRules(this.#system, anchor, 'filter').catch((error: unknown) => {
      if (isKernelError(error, 'EINVAL')) return [];
      throw error;
    });
    return rules[0]?.label ?? '';
  }

  /** Takes the rules of a container away, and the states of its addresses; does nothing if there are none. */
  async withdraw(
    container: { readonly namespace: string; readonly id: string },
    addresses: readonly string[],
  ): Promise<void> {
    try {
      await this.clear(containerAnchor(container));
      await killStatesOf(this.#system, addresses);
    } catch (error) {
      if (!isWithoutFilter(error)) throw error;
    }
  }

  /** Takes the rules of an anchor away, and so the anchor, if it is there. */
  async clear(anchor: string): Promise<void> {
    // Clearing an anchor that is not there would make it first. One without rules may be there: a program that died
    // while it changed them has left a transaction open.
    const counted = await run(this.#system, (b) => {
      const pf = openPacketFilter(b);
      return b.attempt(() => countRules(b, pf, anchor, 'nat'));
    });
    if (isKernelError(counted, 'EINVAL')) return;
    if (isKernelError(counted)) throw counted;
    await this.#loader.clear(anchor);
  }

  /** What keeps rules of these kinds from having an effect, and whether they can be loaded all the same. */
  async #lack(kinds: readonly RulesetKind[]): Promise<{ text: string; canLoad: boolean } | undefined> {
    const status = await run(this.#system, (b) =>
      b.attempt(() => packetFilterStatus(b, openPacketFilter(b))),
    );
    if (isKernelError(status)) {
      if (!isWithoutFilter(status)) throw status;
      return { text: `there is no packet filter: ${status.message}; 'kldload pf' loads it`, canLoad: false };
    }
    if (!status.running) {
      return {
        text: `the packet filter is not enabled: 'service pf start' or 'pfctl -e' does it`,
        canLoad: true,
      };
    }
    if (kinds.every((kind) => this.#called.has(kind))) return undefined;
    const calls = await findAnchorCalls(this.#system, parentAnchor);
    for (const kind of kinds) if (calls[kind]) this.#called.add(kind);
    const text = missingCallsMessage(parentAnchor, calls, kinds);
    return text === undefined ? undefined : { text, canLoad: true };
  }

  #tellOnce(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#warn(message);
  }
}

/** Whether an error says that a host has no packet filter, and so no rules. */
function isWithoutFilter(error: unknown): boolean {
  return isKernelError(error, 'ENOENT', 'ENXIO') && error.call === 'openat';
}

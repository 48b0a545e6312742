import type { StructValues } from '../../src/kernel/layout.js';
import type { Bindings } from '../../src/kernel/bindings/types.js';

export type PfRuleFields = StructValues<Bindings['layouts']['pf_rule']>;

/** A call of the rules of another anchor: anchor_call of struct pfioc_rule. */
export interface AnchorCall {
  readonly anchor: PfAnchor;
  /** How many parts of the path were left out or went up, plus one; 0 for a path from the top. */
  readonly relative: number;
  /** It calls the anchors directly below instead. */
  readonly wildcard: boolean;
}

/** Where a translation leads: struct pf_pooladdr with its family. */
export interface PfPoolAddress {
  readonly family: number;
  readonly bytes: Uint8Array;
}

/** A rule in a ruleset. */
export interface PfRule {
  /** The struct pf_rule that it was made of. */
  readonly bytes: Uint8Array;
  readonly fields: PfRuleFields;
  readonly call: AnchorCall | undefined;
  readonly pool: readonly PfPoolAddress[];
}

/** The rules of one kind that an anchor has. */
export interface PfRuleset {
  active: { rules: PfRule[]; ticket: number };
  inactive: { rules: PfRule[]; ticket: number; open: boolean };
}

/** How many kinds of rules there are: PF_RULESET_MAX. */
const rulesetKinds = 5;

/** An anchor; the main ruleset is one without a name and a parent. */
export class PfAnchor {
  readonly name: string;
  readonly parent: PfAnchor | undefined;
  readonly rulesets: readonly PfRuleset[];
  readonly children = new Map<string, PfAnchor>();
  /** How many rules call it. */
  calls = 0;
  /** A transaction of its tables is open. */
  tablesOpen = false;
  tablesTicket = 0;

  constructor(name: string, parent: PfAnchor | undefined) {
    this.name = name;
    this.parent = parent;
    this.rulesets = Array.from({ length: rulesetKinds }, () => ({
      active: { rules: [], ticket: 0 },
      inactive: { rules: [], ticket: 0, open: false },
    }));
  }

  get path(): string {
    return this.parent === undefined || this.parent.name === ''
      ? this.name
      : `${this.parent.path}/${this.name}`;
  }
}

/** One side of a state: struct pfsync_state_key. Addresses have 4 or 16 bytes, ports are numbers. */
export interface PfStateKey {
  readonly addresses: readonly [Uint8Array, Uint8Array];
  readonly ports: readonly [number, number];
}

/** A connection that the filter knows. */
export interface PfState {
  readonly id: bigint;
  readonly family: number;
  readonly protocol: number;
  /** PF_IN or PF_OUT */
  readonly direction: number;
  readonly interface: string;
  readonly wire: PfStateKey;
  readonly stack: PfStateKey;
  /** The label of the filter rule that made it. */
  readonly label: string;
}

/** The packet filter of a network stack. */
export interface PacketFilter {
  running: boolean;
  readonly main: PfAnchor;
  /** The one buffer for the addresses of the next rule's pool. */
  pool: PfPoolAddress[];
  poolTicket: number;
  states: PfState[];
  readonly hostId: number;
  /** Rules that nobody asks any more and that have not been freed, each with the looks at the list of anchors since. */
  unlinked: { readonly rule: PfRule; looks: number }[];
}

export function newPacketFilter(): PacketFilter {
  return {
    running: false,
    main: new PfAnchor('', undefined),
    pool: [],
    poolTicket: 0,
    states: [],
    hostId: 0x1234_5678,
    unlinked: [],
  };
}

/** All anchors below one, in the order of their paths. */
export function allAnchors(anchor: PfAnchor): PfAnchor[] {
  return childrenOf(anchor).flatMap((child) => [child, ...allAnchors(child)]);
}

/** The anchors directly below one, in the order of the bytes of their paths, as the kernel's tree has them. */
export function childrenOf(anchor: PfAnchor): PfAnchor[] {
  return [...anchor.children.values()].sort((a, b) =>
    Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
  );
}

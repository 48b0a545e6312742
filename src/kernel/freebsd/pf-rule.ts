import type { Family, Ports, RuleAddress, RuleEnd } from './pf-address.js';

/** A protocol that rules tell apart. Ports belong to the first three. */
export type Protocol = 'tcp' | 'udp' | 'sctp' | 'icmp' | 'icmp6';

/** What packets a rule is about; all of them without any of these. */
interface Match {
  /** An interface or a group of them. The kernel takes names that nothing has yet. */
  readonly interface?: string;
  /** Needed only if no address says it. */
  readonly family?: Family;
  readonly protocol?: Protocol;
  readonly source?: RuleEnd;
  readonly destination?: RuleEnd;
  /** At most 63 bytes, by which states can be found again that a filter rule made. */
  readonly label?: string;
}

/** Lets packets pass, or does not. The last rule that matches decides, or the first quick one. */
export interface FilterRule extends Match {
  readonly kind: 'filter';
  readonly action: 'pass' | 'block';
  /** Both if it is left out. */
  readonly direction?: 'in' | 'out';
  readonly quick?: boolean;
}

/** Gives what leaves by an interface another source. The first rule that matches decides, here and for redirection. */
export interface NatRule extends Match {
  readonly kind: 'nat';
  /** undefined: what matches is left as it is, whatever later rules say. */
  readonly to: RuleAddress | undefined;
  /** The source ports to choose from; 50001 to 65535 as pf.conf(5) has it if they are left out. */
  readonly ports?: Ports;
}

/** Sends what arrives elsewhere. */
export interface RdrRule extends Match {
  readonly kind: 'rdr';
  /** One host. undefined: what matches is left as it is, whatever later rules say. */
  readonly to: RuleAddress | undefined;
  /** As many as the destination has, or one; those of the destination if they are left out. */
  readonly ports?: Ports;
  /** Filter rules are not asked where it comes in; where it goes out they are. */
  readonly pass?: boolean;
}

/** A rule of one of the rulesets that anchors of ours have. */
export type Rule = FilterRule | NatRule | RdrRule;

import { isKernelError } from '../kernel/error.js';
import { listAnchors, rulesetKinds } from '../kernel/freebsd/pf-anchor.js';
import { readRules } from '../kernel/freebsd/pf-rule-reader.js';
import type { FreeBSD } from '../kernel/freebsd/run.js';
import type { LeaseStore } from '../store/leases.js';
import { containerAnchor, networkAnchor, parentAnchor } from './anchors.js';
import { foreignRule, ruleText } from './rules-text.js';

/** What the packet filter has in an anchor of ours. */
export interface LoadedAnchor {
  readonly anchor: string;
  /** Whose it is: "network NAME", "container NAMESPACE/ID", or '' if nobody is known to have it. */
  readonly owner: string;
  /** The rules as pf.conf(5) has them, translation first. */
  readonly rules: readonly string[];
}

/**
 * The rules that are loaded now, read back from the kernel, anchor by anchor in the order of their names: what `jailer
 * network rules` prints.
 *
 * @param networks the names of those that there may be
 * @param leases whose holders are those that may have rules
 * @throws KernelError ENOENT of openat if there is no packet filter
 */
export async function loadedRules(
  system: FreeBSD,
  networks: readonly string[],
  leases: Pick<LeaseStore, 'list'>,
): Promise<LoadedAnchor[]> {
  const owners = new Map(networks.map((name) => [networkAnchor(name), `network ${name}`]));
  for (const { namespace, id } of leases.list()) {
    // The gateways' own name their network, which may be a CNI runtime's.
    if (namespace === '') owners.set(networkAnchor(id), `network ${id}`);
    else owners.set(containerAnchor({ namespace, id }), `container ${namespace}/${id}`);
  }
  const loaded: LoadedAnchor[] = [];
  for (const name of await listAnchors(system, parentAnchor)) {
    const anchor = `${parentAnchor}/${name}`;
    loaded.push({ anchor, owner: owners.get(anchor) ?? '', rules: await rulesOf(system, anchor) });
  }
  return loaded;
}

async function rulesOf(system: FreeBSD, anchor: string): Promise<string[]> {
  const lines: string[] = [];
  for (const kind of rulesetKinds) {
    try {
      const rules = await readRules(system, anchor, kind);
      lines.push(...rules.map((rule) => (rule === undefined ? foreignRule : ruleText(rule))));
    } catch (error) {
      // It has gone since it was listed.
      if (!isKernelError(error, 'EINVAL')) throw error;
    }
  }
  return lines;
}

/**
 * All of it as text that pf.conf(5) takes: the rules of each anchor behind comments that say which it is, and whose. What
 * stands behind one anchor's comments is what 'pfctl -a ANCHOR -f -' would load.
 */
export function loadedRulesText(anchors: readonly LoadedAnchor[]): string {
  return anchors
    .map(({ anchor, owner, rules }) => {
      const comments = [`# anchor "${anchor}"`, `# ${owner === '' ? 'of nobody who is known' : owner}`];
      return [...comments, ...rules].map((line) => `${line}\n`).join('');
    })
    .join('\n');
}

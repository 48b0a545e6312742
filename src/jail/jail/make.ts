import { isKernelError } from '../../kernel/error.js';
import { setJail } from '../../kernel/freebsd/jail.js';
import type { JailParameters } from '../../kernel/freebsd/jail-parameters.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { RuntimeError } from '../../runtime/error.js';
import type { Journal } from '../../runtime/journal.js';
import { childName } from '../name.js';
import { boundsOf, fitToParent, settleParameters, uncertainParameters } from '../parameters.js';
import type { ParametersPlan } from '../plan/parameters.js';
import { findJails, type FoundJail } from './find.js';
import type { JailOwners } from './owners.js';
import type { ParameterProbe } from './parameter-probe.js';
import { removeJailNamed, type DeathWatch } from './remove.js';

/** What the journal says of a jail that is about to be made. */
export interface JailDetail {
  /** with its parents' */
  readonly name: string;
}

/** The kind of such an entry. */
export const jailKind = 'jail';

/** A jail that was made. */
export interface MadeJail {
  readonly jid: number;
  /** with its parents' */
  readonly name: string;
  /** of the entry in the journal */
  readonly seq: number;
}

export interface JailRequest {
  /** without its parents' */
  readonly name: string;
  /** as in the plan: the first that exists is the parent; none: the host */
  readonly parents: readonly string[];
  readonly parameters: ParametersPlan;
  /** those that belong to this jail alone: its path, its devfs_ruleset, what gives it its network */
  readonly own: JailParameters;
  readonly journal: Journal;
}

export interface JailTools extends DeathWatch {
  readonly system: FreeBSD;
  readonly probe: ParameterProbe;
  /** to own what is made, where the kernel lets jails be owned */
  readonly owners?: JailOwners;
}

/**
 * Makes a jail, and writes it down before. Three round trips, one less for parameters that are known: which parameters
 * the kernel has, whose name is taken and who is the parent, and jail_set(2).
 *
 * @throws RuntimeError already-exists, not-found for a parent, and what does not fit into kernel or parent; KernelError.
 *   Nothing is left then.
 */
export async function makeJail(tools: JailTools, request: JailRequest): Promise<MadeJail> {
  const { system, probe, owners } = tools;
  const { journal, own, parameters } = request;
  const has = await probe.have(uncertainParameters(parameters));
  const settled = settleParameters(parameters, (name) => has.has(name));
  const parent = await findParent(system, request, settled);
  const name = childName(parent?.name, request.name);
  const fitted = parent === undefined ? settled : fitToParent(settled, parameters, parent);
  const seq = journal.making(jailKind, { name } satisfies JailDetail);
  try {
    const all = { ...fitted, ...own, name };
    const jid = await (owners === undefined
      ? run(system, (b) => setJail(b, all, { operation: 'create' }))
      : owners.create(all));
    return { jid, name, seq };
  } catch (error) {
    // Somebody has made one of this name in this moment: that one is his.
    if (!isKernelError(error, 'EEXIST')) await removeJailNamed(system, name, tools);
    journal.unmade(seq);
    throw error;
  }
}

/** The parent, if there is to be one, and that the name is free. */
async function findParent(
  system: FreeBSD,
  { name, parents }: JailRequest,
  settled: JailParameters,
): Promise<FoundJail | undefined> {
  const names = parents.length === 0 ? [name] : parents.map((parent) => childName(parent, name));
  const found = await findJails(system, [...names, ...parents], boundsOf(settled));
  const taken = found.slice(0, names.length).find((jail) => jail !== undefined);
  if (taken !== undefined) {
    throw new RuntimeError('already-exists', `jail ${taken.name} exists already (jid ${taken.jid})`);
  }
  if (parents.length === 0) return undefined;
  const parent = found.slice(names.length).find((jail) => jail !== undefined);
  if (parent !== undefined) return parent;
  throw new RuntimeError('not-found', `the parent jail ${parents.join(' or ')} does not exist`);
}

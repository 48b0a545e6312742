import { isKernelError } from '../../kernel/error.js';
import { cpuMaskSize, setCpus } from '../../kernel/freebsd/cpuset.js';
import { addRule, hasAccounting, listRules, removeRule, removeRules } from '../../kernel/freebsd/rctl.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { RuntimeError } from '../../runtime/error.js';
import type { Journal } from '../../runtime/journal.js';
import type { ResourcesPlan } from '../plan/resources.js';

/** What the journal says of a jail that is about to get rules of rctl(8). */
export interface LimitsDetail {
  /** the jail's full name */
  readonly jail: string;
}

/** The kind of such an entry. */
export const limitsKind = 'limits';

/**
 * Bounds what a jail may use. Rules are for its name, and stay when it is gone: they are written down before. A rule for
 * what has one already gets the new amount.
 *
 * @throws RuntimeError precondition, naming the field, if the kernel keeps no account; KernelError
 */
export async function applyLimits(
  system: FreeBSD,
  jail: { readonly jid: number; readonly name: string },
  { rules, cpus }: ResourcesPlan,
  journal: Journal,
): Promise<void> {
  const [first] = rules;
  if (first !== undefined) {
    await requireAccounting(system, first.field);
    writeDown(journal, jail.name);
    await run(system, (b) => rules.map((rule) => addRule(b, { ...rule, jail: jail.name })));
  }
  if (cpus !== undefined) {
    const size = await cpuMaskSize(system);
    await run(system, (b) => setCpus(b, { jid: jail.jid }, cpus, size));
  }
}

/**
 * Changes the bounds of a jail while it is there: those that are given anew, and those that are to be none. All others stay
 * as they are, also those for what the same is said of by rules that do not deny.
 *
 * @throws as `applyLimits`
 */
export async function changeLimits(
  system: FreeBSD,
  jail: { readonly jid: number; readonly name: string },
  plan: ResourcesPlan,
  journal: Journal,
): Promise<void> {
  await applyLimits(system, jail, plan, journal);
  // Without accounting there is nothing to take away.
  if (plan.unlimited.length === 0 || !(await hasAccounting(system))) return;
  const there = await listRules(system, jail.name);
  const lifted = there.filter(({ resource, action, per }) => {
    return plan.unlimited.includes(resource) && action === 'deny' && per === undefined;
  });
  const rules = lifted.map(({ resource, action, amount }) => ({ jail: jail.name, resource, action, amount }));
  const removed = await run(system, (b) => rules.map((rule) => b.attempt(() => removeRule(b, rule))));
  const failed = removed.find((outcome) => isKernelError(outcome) && outcome.code !== 'ESRCH');
  if (failed !== undefined) throw failed;
}

async function requireAccounting(system: FreeBSD, field: string): Promise<void> {
  if (await hasAccounting(system)) return;
  throw new RuntimeError(
    'precondition',
    `${field}: the kernel keeps no account of resources: put kern.racct.enable=1 into /boot/loader.conf, and reboot`,
  );
}

/** Once is enough, however often limits change. */
function writeDown(journal: Journal, jail: string): void {
  const there = journal.entries().some(({ kind, detail }) => {
    return kind === limitsKind && (detail as LimitsDetail).jail === jail;
  });
  if (!there) journal.making(limitsKind, { jail } satisfies LimitsDetail);
}

/** Removes all rules for a jail's name. None, or a kernel without accounting, is no error. */
export async function removeLimits(system: FreeBSD, { jail }: LimitsDetail): Promise<void> {
  const removed = await run(system, (b) => b.attempt(() => removeRules(b, jail)));
  if (isKernelError(removed) && removed.code !== 'ESRCH' && removed.code !== 'ENOSYS') throw removed;
}

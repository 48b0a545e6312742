import { RuntimeError } from '../runtime/error.js';
import type { Journal } from '../runtime/journal.js';
import { isNetworkKind } from '../network/disconnect.js';
import type { ContainerKey } from '../runtime/key.js';
import { aliasKind, removeAlias, type AliasDetail } from './aliases.js';
import { runHostHook } from './hooks/host.js';
import { poststopKind, runPoststop, type PoststopDetail } from './hooks/poststop.js';
import { jailKind, type JailDetail, type JailTools } from './jail/make.js';
import { awaitDying, removeJailNamed } from './jail/remove.js';
import { leaveNetworks } from './network.js';
import { lentKind, reclaimLent, type LentDetail } from './lend.js';
import { limitsKind, removeLimits, type LimitsDetail } from './limits/limits.js';
import type { RuntimeTools } from './tools.js';
import { undoAll } from './undo.js';
import { undoRoot } from './undo-root.js';

export type CleanUpTools = JailTools & Pick<RuntimeTools, 'warn' | 'hookTimeout' | 'children' | 'networks'>;

/**
 * Takes away all that was made for a container, by its journal alone: interfaces of the host, and the jail with its
 * processes, as it holds all else; then its addresses and limits, its root with the mounts, the latest first; at last the hooks run that are for the time after it.
 * May be called again after it failed, or was killed.
 *
 * @throws RuntimeError or KernelError; what is left is in the journal
 */
export async function cleanUp(tools: CleanUpTools, key: ContainerKey, journal: Journal): Promise<void> {
  const { system } = tools;
  const warn = (message: string): void => {
    tools.warn(key, message);
  };
  const owner = key.id;
  // The kernel removes the jails that a daemon which has died owned, and may be at it.
  const entries = journal.entries();
  if (entries.some(({ kind }) => isNetworkKind(kind) || kind === lentKind)) {
    const jails = entries.filter(({ kind }) => kind === jailKind);
    for (const { detail } of jails) await awaitDying(system, (detail as JailDetail).name, tools);
  }
  // Before the jail: destroying its interface while its network stack is torn down brings kernels down.
  await leaveNetworks(tools, key, journal);
  // While the jail is there: what it borrowed would come back only when its network stack has gone.
  const lent = (detail: unknown) => reclaimLent(system, detail as LentDetail);
  await undoAll(journal, new Map([[lentKind, lent]]), owner);
  const jail = async (detail: unknown): Promise<void> => {
    const { name } = detail as JailDetail;
    await tools.owners?.release(name);
    await removeJailNamed(system, name, tools);
  };
  await undoAll(journal, new Map([[jailKind, jail]]), owner);
  // jail(8) takes them away after the jail as well: while it is there, its processes have no other.
  const alias = (detail: unknown) => removeAlias(system, detail as AliasDetail);
  await undoAll(journal, new Map([[aliasKind, alias]]), owner);
  const limits = (detail: unknown) => removeLimits(system, detail as LimitsDetail);
  await undoAll(journal, new Map([[limitsKind, limits]]), owner);
  await undoRoot(system, journal, warn);
  const rules = { run: runHostHook, timeout: tools.hookTimeout, warn };
  const poststop = (detail: unknown) => runPoststop(detail as PoststopDetail, rules);
  await undoAll(journal, new Map([[poststopKind, poststop]]), owner);
  const [left] = journal.entries();
  if (left !== undefined) {
    throw new RuntimeError('failed', `clean-up of container ${owner}: nothing is known of "${left.kind}"`);
  }
}

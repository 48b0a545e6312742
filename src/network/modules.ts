import { isKernelError } from '../kernel/error.js';
import { findModule, requireModule } from '../kernel/freebsd/module.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import { NetworkError } from './error.js';

/** What every network needs; its interfaces cannot be made without. */
export const interfaceModules = ['if_bridge', 'if_epair'] as const;

export type NetworkModule = (typeof interfaceModules)[number] | 'pf';

/** Which of these modules are not in the kernel, neither compiled in nor loaded. */
export async function missingModules<const M extends NetworkModule>(
  system: FreeBSD,
  modules: readonly M[],
): Promise<M[]> {
  const found = await run(system, (b) => modules.map((module) => b.attempt(() => findModule(b, module))));
  return modules.filter((_, index) => {
    const outcome = found[index];
    if (isKernelError(outcome) && outcome.code !== 'ENOENT') throw outcome;
    return isKernelError(outcome);
  });
}

/**
 * Has modules in the kernel, loading those that are not; they stay.
 *
 * @throws NetworkError lacking, with what the administrator can do
 */
export async function requireModules(system: FreeBSD, modules: readonly NetworkModule[]): Promise<void> {
  for (const module of await missingModules(system, modules)) {
    try {
      await requireModule(system, module);
    } catch (error) {
      if (!isKernelError(error)) throw error;
      throw new NetworkError('lacking', `${error.message}: ${moduleRemedy(module)}`, { cause: error });
    }
  }
}

/** How an administrator loads a module, in one line. */
export function moduleRemedy(module: NetworkModule): string {
  return `'kldload ${module}' loads it, and ${module}_load="YES" in /boot/loader.conf at each boot`;
}

import { isKernelError } from '../../kernel/error.js';
import { requireModule } from '../../kernel/freebsd/module.js';
import type { FreeBSD } from '../../kernel/freebsd/run.js';
import { reason, RuntimeError } from '../../runtime/error.js';
import type { LinuxPlan } from '../plan/linux.js';
import { missingModule } from './explain.js';

/**
 * Has the modules in the kernel that Linux programs need, loading them if need be. They stay.
 *
 * @throws RuntimeError precondition, saying how a module that is not there can be had
 */
export async function requireLinux(system: FreeBSD, { modules }: LinuxPlan): Promise<void> {
  for (const module of modules) {
    try {
      await requireModule(system, module);
    } catch (error) {
      if (!isKernelError(error)) throw error;
      const text = `${missingModule(module)} (${reason(error)})`;
      throw new RuntimeError('precondition', text, { cause: error });
    }
  }
}

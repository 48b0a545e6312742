import { Arena } from '../arena.js';
import { selectBindings } from '../bindings/select.js';
import { throwIfStopped } from '../error.js';
import type { Kernel } from '../kernel.js';
import type { FreeBSD } from './run.js';

// CTL_KERN and KERN_OSRELDATE of sys/sysctl.h, the same on every release: with them the release is found out.
const osreldate = [1, 24];

/**
 * Asks a kernel which FreeBSD it is (kern.osreldate), and gives it the bindings of its release.
 *
 * @param processor hw.machine or Node's process.arch
 * @throws Error if it is no FreeBSD, or a release or a processor that there are no bindings for
 */
export async function openFreeBSD(kernel: Kernel, processor: string): Promise<FreeBSD> {
  if (kernel.platform !== 'freebsd') throw new Error(`this kernel is no FreeBSD, but ${kernel.platform}`);
  const arena = new Arena();
  const value = arena.reserve(4);
  const size = arena.scalar('u64', 4, 'size');
  const mib = arena.array('i32', osreldate, 'mib');
  const args = [{ arena: mib }, osreldate.length, { arena: value }, { arena: size }, 0, 0];
  const batch = arena.batch([{ symbol: 'sysctl', args }]);
  const answer = await kernel.run(batch);
  throwIfStopped('freebsd', batch, answer, 'kern.osreldate');
  const found = new DataView(answer.arena.buffer, answer.arena.byteOffset).getInt32(value, true);
  return { kernel, bindings: selectBindings(found, processor) };
}

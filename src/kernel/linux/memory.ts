import type { LocalKernel } from '../kernel.js';
import { callOnce, single } from './call.js';

/** Advice of madvise(2). */
export const memoryAdvice = { dontNeed: 4, cold: 20, pageOut: 21 } as const;

/**
 * Tells the kernel how this process will use a range of its memory: madvise(2).
 *
 * @param address page-aligned, as /proc/self/maps shows it.
 * @param length bytes.
 * @throws KernelError
 */
export function adviseMemory(kernel: LocalKernel, address: bigint, length: bigint, advice: number): void {
  callOnce(kernel, single('madvise', [address, length, advice]), `memory 0x${address.toString(16)}`);
}

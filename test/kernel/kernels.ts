import { openLocalKernel, type EngineName } from '../../src/kernel/local.js';
import type { LocalKernel } from '../../src/kernel/kernel.js';

/** Every engine that this host can load; koffi always, ffi-rs where it has a build. */
export const engines: readonly EngineName[] =
  process.platform === 'freebsd' ? ['koffi'] : ['koffi', 'ffi-rs'];

/** A kernel of each engine, opened once: an engine stays loaded for the life of the process anyway. */
export function localKernels(): readonly { engine: EngineName; kernel: LocalKernel }[] {
  return engines.map((engine) => ({ engine, kernel: openLocalKernel(engine) }));
}

/** Why tests of Linux calls cannot run here, or false if they can. */
export const notLinux = process.platform === 'linux' ? false : 'needs a Linux kernel';

/** Why tests that need root cannot run here, or false if they can. */
export const notRootOnLinux = notLinux || (process.getuid?.() === 0 ? false : 'needs root');

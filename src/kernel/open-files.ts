import type { FileCalls } from './files.js';
import type { LocalKernel } from './kernel.js';

/** The calls on files of this host's system; the code for the other one is not loaded. @throws Error if it is not supported */
export async function openFiles(kernel: LocalKernel): Promise<FileCalls> {
  if (kernel.platform === 'linux') return (await import('./linux/files.js')).linuxFiles(kernel);
  const { openFreeBSD } = await import('./freebsd/open.js');
  const { freebsdFiles } = await import('./freebsd/files.js');
  const { bindings } = await openFreeBSD(kernel, process.arch);
  return freebsdFiles({ kernel, bindings });
}

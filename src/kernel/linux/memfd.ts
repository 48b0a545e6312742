import { Arena } from '../arena.js';
import type { LocalKernel } from '../kernel.js';
import { callOnce, single } from './call.js';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;

/** Seals of fcntl(2), F_ADD_SEALS: what can no longer be done to the file. */
export const seals = { seal: 1, shrink: 2, grow: 4, write: 8 } as const;

// memfd_create(2): 249 bytes without the NUL
const nameMax = 250;

/** A file without a path, that lives as long as a descriptor of it: memfd_create(2), close-on-exec. Throws KernelError. */
export function createMemoryFile(kernel: LocalKernel, name: string): number {
  const arena = new Arena();
  const text = arena.text(name, 'name of memory file', nameMax);
  const batch = single('memfd_create', [{ arena: text }, MFD_CLOEXEC | MFD_ALLOW_SEALING], arena);
  return callOnce(kernel, batch, name).value;
}

/** Forbids a memory file to change, with a sum of `seals`. Throws KernelError. */
export function addSeals(kernel: LocalKernel, fd: number, sum: number): void {
  callOnce(kernel, single('fcntl', [fd, F_ADD_SEALS, sum]), `memory file ${fd}`);
}

import { isKernelError } from '../../kernel/error.js';
import { RuntimeError } from '../../runtime/error.js';
import type { DevicePlan } from '../plan/mount.js';
import type { Root } from '../root/root.js';
import { visitAll } from '../root/visit.js';
import { pathIn, namesOf } from '../root/walk.js';

/**
 * Sees to it that the rules of a devfs have been applied: the null device is there, and the host's memory is not.
 *
 * @param devices that may show what is else hidden
 * @throws RuntimeError
 */
export async function verifyDevices(
  root: Root,
  destination: string,
  devices: readonly DevicePlan[],
): Promise<void> {
  const paths = [`${destination}/null`, `${destination}/mem`];
  const [nothing, memory] = await visitAll(root, paths, (places) => {
    const failure = places.find((place) => isKernelError(place));
    if (failure !== undefined) return Promise.reject(failure);
    return Promise.resolve(places.map((place) => !isKernelError(place) && place.status !== undefined));
  });
  const on = pathIn(root, namesOf(destination));
  if (nothing !== true) throw new RuntimeError('failed', `devfs on ${on}: its ruleset hides the null device`);
  if (memory !== false && !devices.some(mayShowMemory)) {
    throw new RuntimeError('failed', `devfs on ${on}: its ruleset hides nothing`);
  }
}

function mayShowMemory({ pattern, unhide }: DevicePlan): boolean {
  return unhide === true && /^[m*?[]/.test(pattern);
}

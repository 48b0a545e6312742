import { watch } from 'node:fs';
import { CgroupGoneError } from './gone.js';

/**
 * Calls back when memory.events of a cgroup of version 2 changes, or the cgroup is removed: the kernel tells inotify(7),
 * as its cgroup-v2.rst says.
 *
 * @param onError told of what ended the watching early
 * @returns a function that ends it; to be called once
 * @throws CgroupGoneError
 */
export function notifyOomV2(
  directory: string,
  callback: () => void,
  onError: (error: unknown) => void,
): () => void {
  let events;
  try {
    events = watch(`${directory}/memory.events`, { persistent: false }, callback);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new CgroupGoneError(`cgroup ${directory} is gone or has no memory controller`);
  }
  events.on('error', onError);
  return () => {
    events.close();
  };
}

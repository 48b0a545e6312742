import type { LocalKernel } from '../../kernel/kernel.js';
import { Watcher } from '../../kernel/linux/watcher.js';
import { CgroupGoneError } from './gone.js';
import type { CgroupPaths } from './locate.js';
import { readOomKills } from './oom.js';
import { notifyOomV1 } from './oom-v1.js';
import { notifyOomV2 } from './oom-v2.js';

/**
 * A notice of version 1 comes before its kill, and how long before is not known: the kernel may first print the state of
 * all memory to a slow console. So after a notice the counter is read after so many milliseconds, and twice as many
 * each time, until the last.
 */
const firstWait = 5;
const lastWait = 5120;

/** The watch over one container's cgroup. */
export interface OomWatch {
  /**
   * Looks now, as before the cgroup vanishes: true if the kernel killed for memory since the last time that this was
   * told, here or to the listener.
   */
  killed(): boolean;
  /** Ends the watch; may be called again. */
  release(): void;
}

/** Watches cgroups; all of version 1 with one thread, which starts with the first of them. */
export interface OomWatcher {
  /**
   * Calls the listener whenever the kernel has killed processes of the cgroup because of its memory limit: once for
   * all that were killed since it was last told. The listener is not called from within `watch`.
   *
   * @throws CgroupGoneError if the cgroup is gone or has no memory controller
   */
  watch(paths: CgroupPaths, listener: () => void): OomWatch;
  /** Ends all watches; resolves when the thread has ended. */
  close(): Promise<void>;
}

/** Begins to call back at each notice of a cgroup; gives what ends it. */
type Notify = (paths: CgroupPaths, callback: () => void) => () => void;

/** @param onError told of what ended the watching before `close`, or what a listener threw */
export function createOomWatcher(kernel: LocalKernel, onError: (error: unknown) => void): OomWatcher {
  const open = new Set<OomWatch>();
  let watcher: Watcher | undefined;

  const notify: Notify = ({ controllers, unified }, callback) => {
    const memory = controllers.get('memory');
    if (memory !== undefined) {
      watcher ??= new Watcher(kernel, onError);
      return notifyOomV1(kernel, watcher, memory, callback);
    }
    if (unified === undefined) throw new CgroupGoneError('cgroup without a memory controller');
    return notifyOomV2(unified, callback, onError);
  };

  return {
    watch: (paths, listener) => {
      const watching = watchOne(paths, listener, notify, onError, () => open.delete(watching));
      open.add(watching);
      return watching;
    },
    close: async () => {
      for (const watching of open) watching.release();
      await watcher?.close();
    },
  };
}

function watchOne(
  paths: CgroupPaths,
  listener: () => void,
  notify: Notify,
  onError: (error: unknown) => void,
  released: () => void,
): OomWatch {
  let kills = readOomKills(paths) ?? 0;
  let timer: NodeJS.Timeout | undefined;
  let isReleased = false;

  const killed = (): boolean => {
    const now = readOomKills(paths);
    // Version 1 also gives notice of a cgroup's removal.
    if (now === undefined) release();
    const grew = (now ?? 0) > kills;
    if (grew) kills = now ?? 0;
    return grew;
  };
  const look = (nextWait: number): void => {
    clearTimeout(timer);
    if (nextWait <= lastWait) timer = setTimeout(look, nextWait, 2 * nextWait).unref();
    try {
      if (killed()) listener();
    } catch (error) {
      onError(error);
    }
  };
  const isEarly = paths.controllers.has('memory');
  const end = notify(paths, () => {
    look(isEarly ? firstWait : Infinity);
  });
  const release = (): void => {
    if (isReleased) return;
    isReleased = true;
    clearTimeout(timer);
    released();
    end();
  };
  // For a kill between the first reading and the first notice.
  timer = setTimeout(look, firstWait, Infinity).unref();
  return { killed, release };
}

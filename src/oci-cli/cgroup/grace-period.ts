import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { MountEntry } from '../../kernel/linux/mountinfo.js';
import { reason } from '../../runtime/error.js';
import { ownDirectory } from './own.js';

/** The kernel keeps moves cheap for about this long after one (milliseconds; half a grace period, measured). */
const every = 5;
/** A program that is still running after this long has its moves behind it, or waits for something else. */
const longest = 100;
/** Longer than what /proc says of any process: a line for each hierarchy, each with a path. */
const membershipSize = 64 * 1024;

/** Has the grace period, for which the kernel holds up a move between cgroups, pass beside a program that is starting. */
export interface GracePeriods {
  /**
   * A program that will move a process into a cgroup is about to be started. Answers what is to be called when it has
   * ended.
   */
  begin(): () => void;
  /** Resolves when the last move has come back. */
  close(): Promise<void>;
}

/**
 * Moves this process into the cgroup that it is in, while others are about to move theirs.
 *
 * Every move takes the write side of one lock of the whole kernel (cgroup_threadgroup_rwsem), for which it waits 5 to 10 ms
 * until all processors have noticed (an RCU grace period), unless another move has done so just before. crun and runc
 * sit and wait; this waits on another thread while they still read their configuration. The move itself is none, as the
 * kernel sees that the process is there already.
 *
 * Where cgroups cannot be written, or this process is in none that can be seen, nothing is done: programs wait as ever.
 *
 * @param hierarchies mounts of cgroup file systems
 * @param report told once of a move that failed; there is no other then
 * @param membershipFile where the kernel tells the cgroups of this process
 */
export function createGracePeriods(
  hierarchies: readonly MountEntry[],
  report: (error: unknown) => void,
  membershipFile = '/proc/self/cgroup',
): GracePeriods {
  const buffer = Buffer.allocUnsafeSlow(membershipSize);
  const pid = Buffer.from(String(process.pid));
  let membership: FileHandle | undefined;
  let known: string | undefined;
  let target: FileHandle | undefined;
  let users = 0;
  let until = 0;
  let usable = hierarchies.length > 0;
  let work: Promise<void> | undefined;

  /** Looks before each move where this process is, lest it be moved back to where it was once. */
  const moveToSelf = async (): Promise<void> => {
    membership ??= await open(membershipFile, 'r');
    const { bytesRead } = await membership.read(buffer, 0, buffer.length, 0);
    const now = buffer.toString('utf8', 0, bytesRead);
    if (now !== known) {
      await target?.close();
      target = undefined;
      const directory = ownDirectory(now, hierarchies);
      if (directory !== undefined) target = await open(join(directory, 'cgroup.procs'), constants.O_WRONLY);
      known = now;
    }
    if (target === undefined) usable = false;
    else await target.write(pid, 0, pid.length, 0);
  };

  const keepMoving = async (): Promise<void> => {
    try {
      while (usable && users > 0 && performance.now() < until) {
        await moveToSelf();
        await pause();
      }
    } catch (error) {
      usable = false;
      report(
        new Error(`programs that move processes into cgroups wait longer: ${reason(error)}`, {
          cause: error,
        }),
      );
    } finally {
      work = undefined;
    }
  };

  return {
    begin: () => {
      users += 1;
      until = performance.now() + longest;
      if (usable) work ??= keepMoving();
      let ended = false;
      return () => {
        if (!ended) users -= 1;
        ended = true;
      };
    },
    close: async () => {
      usable = false;
      await work;
      await Promise.all([membership?.close(), target?.close()]);
      membership = undefined;
      target = undefined;
    },
  };
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, every);
  });
}

import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import type { HostCalls } from '../../kernel/host.js';
import { freebsdCalls } from '../../kernel/freebsd/host.js';
import { openFreeBSD } from '../../kernel/freebsd/open.js';
import { linuxCalls } from '../../kernel/linux/host.js';
import { openLocalKernel, type EngineName } from '../../kernel/local.js';
import { unlessMissing } from './failure.js';

/** Locks of open files, which the kernel takes from a program that is killed: flock(2). */
export interface FileLocks {
  /** False if another open file of this or another program has it. It ends when the file is closed. */
  tryLock(fd: number): Promise<boolean>;
  close(): void;
}

/** Locks by this host's kernel, which is opened when the first is taken: that costs some milliseconds. */
export function hostLocks(engine: EngineName = 'koffi'): FileLocks {
  let close = (): void => undefined;
  let opened: Promise<Pick<HostCalls, 'tryLock'>> | undefined;
  const openCalls = async (): Promise<HostCalls> => {
    const kernel = openLocalKernel(engine);
    close = () => {
      kernel.close();
    };
    if (kernel.platform === 'linux') return linuxCalls(kernel);
    const { bindings } = await openFreeBSD(kernel, process.arch);
    return freebsdCalls({ kernel, bindings });
  };
  return {
    tryLock: async (fd) => {
      opened ??= openCalls();
      return (await opened).tryLock(fd);
    },
    close: () => {
      close();
    },
  };
}

/**
 * Opens a file that may be renamed or removed by whoever has it locked, and locks it.
 *
 * @param flags of open(2), beside those for reading and writing
 * @returns undefined when another has it locked
 * @throws the error of open(2): ENOENT without O_CREAT
 */
export async function openLocked(
  locks: FileLocks,
  path: string,
  flags: number,
): Promise<FileHandle | undefined> {
  for (;;) {
    const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | flags, 0o644);
    let mine = false;
    try {
      if (!(await locks.tryLock(file.fd))) return undefined;
      mine = await isStillAt(file, path);
      if (mine) return file;
    } finally {
      if (!mine) await file.close();
    }
  }
}

/** Between open(2) and flock(2), who had it locked may have renamed it or removed it. */
async function isStillAt(file: FileHandle, path: string): Promise<boolean> {
  const there = await unlessMissing(stat(path), undefined);
  const mine = await file.stat();
  return there !== undefined && there.ino === mine.ino && there.dev === mine.dev;
}

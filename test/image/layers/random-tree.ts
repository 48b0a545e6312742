import {
  appendFileSync,
  chmodSync,
  linkSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { timeOf } from '../../../src/image/layers/tree.js';
import type { FileCalls } from '../../../src/kernel/files.js';

export type Random = () => number;

/** Numbers of [0, 1) that the seed determines (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

const names = ['a', 'b', 'c', 'dd', 'é', 'x y', '-', 'zz'];

/** Changes a tree at random, without leaving it: links in it lead nowhere. */
export function mutate(files: FileCalls, root: string, random: Random, steps: number): void {
  const whole = (most: number): number => Math.floor(random() * most);
  const pick = <T>(list: readonly T[]): T | undefined => list[whole(list.length)];
  const all = (): string[] => paths(root).sort();
  const directories = (): string[] => [
    '',
    ...all().filter((path) => lstatSync(join(root, path)).isDirectory()),
  ];
  const filesIn = (): string[] => all().filter((path) => lstatSync(join(root, path)).isFile());
  const fresh = (): string => join(root, pick(directories()) ?? '', pick(names) ?? 'a');
  const free = (make: (path: string) => void): void => {
    const path = fresh();
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) make(path);
  };
  const some = (list: readonly string[], change: (path: string) => void): void => {
    const path = pick(list);
    if (path !== undefined) change(join(root, path));
  };
  const isLink = (path: string): boolean => lstatSync(path).isSymbolicLink();

  const actions: (() => void)[] = [
    () => {
      free((path) => {
        mkdirSync(path);
      });
    },
    () => {
      free((path) => {
        writeFileSync(path, 'x'.repeat(whole(2000)), { mode: 0o600 + whole(64) });
      });
    },
    () => {
      free((path) => {
        symlinkSync(`nowhere${whole(5)}`, path);
      });
    },
    () => {
      free((path) => {
        files.makeFifo(Buffer.from(path));
      });
    },
    () => {
      free((path) => {
        files.makeDevice(Buffer.from(path), 'character', 1 + whole(9), whole(300));
      });
    },
    () => {
      some(filesIn(), (from) => {
        free((path) => {
          linkSync(from, path);
        });
      });
    },
    () => {
      some(filesIn(), (path) => {
        appendFileSync(path, 'more');
      });
    },
    // A name of its own for what had several, with all else as it was.
    () => {
      some(filesIn(), (path) => {
        separate(files, path);
      });
    },
    () => {
      some(all(), (path) => {
        rmSync(path, { recursive: true });
      });
    },
    () => {
      some(all(), (path) => {
        if (!isLink(path)) chmodSync(path, 0o700 + whole(64));
      });
    },
    () => {
      some(all(), (path) => {
        lchownSync(path, whole(3), whole(3));
      });
    },
    () => {
      some(all(), (path) => {
        lutimesSync(path, whole(2 ** 31), whole(2 ** 31));
      });
    },
    () => {
      some(filesIn(), (path) => {
        files.setAttribute(Buffer.from(path), 'user.note', Buffer.from([whole(256)]));
      });
    },
    // The same name again, as something else.
    () => {
      some(all(), (path) => {
        rmSync(path, { recursive: true });
        mkdirSync(path);
      });
    },
    () => {
      some(all(), (path) => {
        rmSync(path, { recursive: true });
        writeFileSync(path, 'again');
      });
    },
    () => {
      some(filesIn(), (from) => {
        free((path) => {
          renameSync(from, path);
        });
      });
    },
  ];
  for (let step = 0; step < steps; step++) pick(actions)?.();
}

function separate(files: FileCalls, path: string): void {
  const stats = lstatSync(path, { bigint: true });
  if (stats.nlink < 2n) return;
  const content = readFileSync(path);
  const attributes = files.attributes(Buffer.from(path));
  rmSync(path);
  writeFileSync(path, content);
  lchownSync(path, Number(stats.uid), Number(stats.gid));
  chmodSync(path, Number(stats.mode & 0o7777n));
  for (const [name, value] of attributes) files.setAttribute(Buffer.from(path), name, value);
  files.setTime(Buffer.from(path), timeOf(stats));
}

function paths(root: string, prefix = ''): string[] {
  return readdirSync(join(root, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = join(prefix, entry.name);
    return entry.isDirectory() ? [path, ...paths(root, path)] : [path];
  });
}

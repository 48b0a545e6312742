import { isKernelError } from '../../kernel/error.js';
import type { FreeBSD } from '../../kernel/freebsd/run.js';
import { closeRoot, openHost, openRootBelow, type Root } from './root.js';

/** Roots of containers that stay open as long as something is to be done in them. */
export interface OpenRoots {
  /** Opens one by its path on the host, unless it is open; undefined if there is none. */
  open(path: string): Promise<Root | undefined>;
  /** Closes those whose paths are such: they would keep busy what they lie on. */
  leave(such: (path: string) => boolean): Promise<void>;
  close(): Promise<void>;
}

export function openRoots(system: FreeBSD): OpenRoots {
  const open = new Map<string, Root>();
  let host: Root | undefined;
  const closeAll = async ([first, ...others]: readonly Root[]): Promise<void> => {
    if (first !== undefined) await closeRoot(first, ...others);
  };
  return {
    open: async (path) => {
      const known = open.get(path);
      if (known !== undefined) return known;
      try {
        host ??= (await openHost(system)).root;
        const { root } = await openRootBelow(host, path);
        open.set(path, root);
        return root;
      } catch (error) {
        if (isKernelError(error, 'ENOENT', 'ENOTDIR')) return undefined;
        throw error;
      }
    },
    leave: async (such) => {
      const left = [...open].filter(([path, root]) => such(path) || such(root.path));
      for (const [path] of left) open.delete(path);
      await closeAll(left.map(([, root]) => root));
    },
    close: async () => {
      const all = [...open.values(), ...(host === undefined ? [] : [host])];
      open.clear();
      host = undefined;
      await closeAll(all);
    },
  };
}

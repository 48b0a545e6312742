import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { emptyExecution, type Execution } from '../../image/config.js';
import { layeredTree } from '../../image/tree/layered.js';
import type { Tree } from '../../image/tree/tree.js';
import type { Mount } from '../../proto/generated/messages.js';
import { reason } from '../../runtime/error.js';
import { CliError } from '../error.js';

/** Where a container's files come from, and what its image says. */
export interface Source {
  /** the image's name as it was found, or the folder */
  readonly image: string;
  readonly imageDigest?: string;
  readonly execution: Execution;
  readonly os: string;
  /** Makes the container's own root. */
  root(id: string): Promise<Root>;
}

/** A container's root, made. */
export interface Root {
  /** of the spec: absolute, or `rootfs`, where the daemon mounts */
  readonly path: string;
  /** what the daemon mounts there, at each start */
  readonly mounts: readonly Mount[];
  /** as it looks before the start */
  readonly tree: Tree;
}

/** A folder as it is: what the container changes is changed there. @throws CliError when it is none */
export function folderSource(word: string): Source {
  const path = resolve(word);
  try {
    if (!statSync(path).isDirectory()) throw new Error('it is no directory');
  } catch (error) {
    throw new CliError(`--rootfs: ${path}: ${reason(error)}`, undefined, { cause: error });
  }
  if (path === '/') throw new CliError("--rootfs: the host's own root cannot be a container's");
  return {
    image: path,
    execution: emptyExecution,
    os: process.platform,
    root: () => Promise.resolve({ path, mounts: [], tree: layeredTree([path]) }),
  };
}

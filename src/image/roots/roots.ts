import type { Readable } from 'node:stream';
import type { FileCalls } from '../../kernel/files.js';
import type { Blobs } from '../content/blobs.js';
import type { FileLocks } from '../content/file-lock.js';
import type { Descriptor } from '../descriptor.js';
import type { Digest } from '../digest.js';
import type { ReportProgress } from '../progress.js';
import type { Tree } from '../tree/tree.js';
import type { RootPlaces } from './places.js';

/** A layer of an image. */
export interface RootLayer {
  readonly descriptor: Descriptor;
  /** of its tar, uncompressed */
  readonly diffId: Digest;
}

/** A mount as containerd's `types.Mount` has it: what the shim's Create is given for the root. */
export interface RootMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** A root file system of a container's own. */
export interface Root {
  /** what to mount, one upon the other; nothing when `directory` is the root as it is */
  readonly mounts: readonly RootMount[];
  /** where it is, when nothing need be mounted */
  readonly directory?: string;
  /** where what the container writes lies */
  readonly written: string;
  /** as it looks before the container has run */
  readonly tree: Tree;
}

export interface PrepareOptions {
  readonly progress?: ReportProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Root file systems made of images' layers. Each state of layers is unpacked once and then never changed; containers get
 * what they write for themselves. Several programs may use the same directory.
 */
export interface Roots {
  readonly kind: RootsKind;
  /**
   * Unpacks what is not there yet. It is not collected before `close`.
   *
   * @throws ImageError; nothing is left of a layer that failed
   */
  prepare(layers: readonly RootLayer[], blobs: Blobs, options?: PrepareOptions): Promise<void>;
  /** Looks at what was prepared. */
  tree(layers: readonly RootLayer[]): Tree;
  /** What to mount to see what was prepared, read-only. */
  view(layers: readonly RootLayer[]): RootMount;
  /** Makes a root for a container, of layers that were prepared. @throws ImageError already-exists */
  create(key: string, layers: readonly RootLayer[]): Promise<Root>;
  /** What to mount of a root that was made, perhaps by another program. @throws ImageError not-found */
  open(key: string): Promise<Root>;
  /**
   * The tar of what a container changed, while it does not run.
   *
   * @param latest seconds since 1970: no later time is in it
   * @returns undefined when it changed nothing
   */
  changes(key: string, latest?: number): Promise<Readable | undefined>;
  /** Removes a container's root, or what is left of it. It must not be mounted. */
  remove(key: string): Promise<void>;
  /** Containers that have a root, or a part of one. */
  keys(): Promise<readonly string[]>;
  /**
   * Removes what was unpacked and is not needed: neither for one of `keep`, nor by a container.
   *
   * @param keep the layers of images that stay
   */
  collect(keep: readonly (readonly RootLayer[])[]): Promise<void>;
  /** Lets go of what was prepared; this is not to be used any more. */
  close(): Promise<void>;
}

/** What roots are made with. */
export interface RootsHost {
  readonly places: RootPlaces;
  readonly locks: FileLocks;
  readonly files: FileCalls;
}

export type RootsKind = 'overlay' | 'zfs' | 'copy';

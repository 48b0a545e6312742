import type { Blobs } from '../content/blobs.js';
import type { ImageConfig } from '../config.js';
import type { Descriptor, Platform } from '../descriptor.js';
import type { Tree } from '../tree/tree.js';
import type { Layer } from './new-layer.js';

/** An image to build upon. */
export interface BaseImage {
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
}

/** A mount of a RUN: as OCI's runtime spec has it. */
export interface StepMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** A process of a RUN. */
export interface Step {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  /** as in an image's configuration; empty: root */
  readonly user: string;
  readonly network: 'default' | 'none' | 'host';
  readonly mounts: readonly StepMount[];
  readonly stdin?: string;
}

/** What building needs of the rest of this program. */
export interface BuildHost {
  readonly blobs: Blobs;
  /** Finds an image, and gets it when it is not there. */
  resolve(name: string, platform: Platform): Promise<BaseImage>;
  /** Looks at the root file system that these layers make. */
  tree(layers: readonly Layer[]): Promise<Tree>;
  /** Mounts that show it, for `--mount=from`. */
  view(layers: readonly Layer[]): Promise<StepMount>;
  /**
   * Runs a process upon these layers.
   *
   * @returns how it ended, and after 0 the layer of what it changed, or undefined when it changed nothing
   */
  run(
    layers: readonly Layer[],
    platform: Platform,
    step: Step,
  ): Promise<{ readonly exitCode: number; readonly layer?: Layer | undefined }>;
  /** A directory that stays, for `--mount=type=cache`. */
  cacheDirectory(id: string): Promise<string>;
  /** Downloads for ADD. @returns a file that `release` removes */
  download(url: string): Promise<{ readonly path: string; readonly release: () => Promise<void> }>;
  /** Keeps a blob of the build cache from being collected. */
  keep(key: string, descriptor: Descriptor): void;
  /** Told of each step, and of what it prints. */
  report(event: BuildEvent): void;
}

export type BuildEvent =
  | {
      readonly type: 'step';
      readonly stage: string;
      readonly index: number;
      readonly total: number;
      readonly text: string;
      readonly cached?: boolean;
    }
  | { readonly type: 'warning'; readonly text: string };

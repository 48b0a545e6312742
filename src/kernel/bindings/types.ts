import type { constants, errors, layouts, signals, syscalls } from './common.js';

/** The processors that we have bindings for, by FreeBSD's names (hw.machine_arch; arm64's is aarch64 there). */
export type Arch = 'amd64' | 'arm64';

/** The major releases that we have bindings for. */
export type Release = 12 | 13 | 14 | 15;

/**
 * What the headers of one release say about one processor. All keys are there on every release; the value of
 * a name that the release lacks is undefined, and the type of a name that some release lacks says so.
 */
export interface Bindings {
  readonly release: Release;
  readonly arch: Arch;
  /** Where the values come from, for `info` and for error reports. */
  readonly headers: string;
  /** Structures by their C names, without `struct`. */
  readonly layouts: Readonly<typeof layouts>;
  /** Flags, ioctl requests and limits by their C names; those beyond 2^53 are bigint. */
  readonly constants: Readonly<typeof constants>;
  /** errno values by name. */
  readonly errors: Readonly<typeof errors>;
  /** Signal numbers by name. */
  readonly signals: Readonly<typeof signals>;
  /** System call numbers by the name of the libc function that has the call's arguments. */
  readonly syscalls: Readonly<typeof syscalls>;
}

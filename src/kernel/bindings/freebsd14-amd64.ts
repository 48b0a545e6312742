// Written by scripts/generate-bindings from native/bindings.list; not to be edited.
import { constants, errors, layouts, signals, syscalls } from './common.js';
import type { Bindings } from './types.js';

// prettier-ignore
export const freebsd14Amd64: Bindings = {
  release: 14,
  arch: 'amd64',
  headers: 'FreeBSD 14 in ziglang 0.15.2',
  layouts,
  constants,
  errors,
  signals,
  syscalls,
};

import { isType, unpack } from '../proto/any.js';
import { Options, type Any } from '../proto/generated/messages.js';
import type { RuntimeOptions } from '../runtime/runtime.js';

const none: RuntimeOptions = {
  noPivotRoot: false,
  noNewKeyring: false,
  systemdCgroup: false,
  binaryName: '',
  root: '',
  ioUid: 0,
  ioGid: 0,
};

/** The options of a Create. Those of another runtime (runhcs, runj) say nothing that is known here, and count as none. */
export function parseOptions(any: Any | null): RuntimeOptions {
  if (any === null || !isType(Options, any)) return none;
  const { noPivotRoot, noNewKeyring, systemdCgroup, binaryName, root, ioUid, ioGid } = unpack(Options, any);
  return { noPivotRoot, noNewKeyring, systemdCgroup, binaryName, root, ioUid, ioGid };
}

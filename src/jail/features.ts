import { hookPoints } from './plan/hooks.js';
import { ocijailPrefix, ownPrefix } from './spec/annotations.js';
import { mountOptionNames } from './spec/mount-options.js';

/**
 * What this runtime can do, in the words of the runtime spec's features.md, which has no section of FreeBSD. It says nothing
 * of the kernel: that is asked when a container wants something.
 */
export const jailFeatures = {
  ociVersionMin: '1.0.0',
  ociVersionMax: '1.3.0',
  hooks: hookPoints,
  // Of the options of a type, the one that no kernel ever sees.
  mountOptions: [...mountOptionNames, 'tmpcopyup'].sort(),
  // All that change what becomes of a container; a dot at the end stands for all that begin so.
  potentiallyUnsafeConfigAnnotations: [
    ownPrefix,
    ocijailPrefix,
    'io.kubernetes.cri.container-type',
    'io.kubernetes.cri.sandbox-id',
    'nerdctl/platform',
  ],
};

import { hookPoints } from './plan/hooks.js';

/** What this runtime can do, in the words of the runtime spec's features.md. */
export const jailFeatures = {
  ociVersionMin: '1.0.0',
  ociVersionMax: '1.3.0',
  hooks: hookPoints,
  mountOptions: [],
};

import type { DevfsRule } from '../../kernel/freebsd/devfs-rules.js';

/** What programs expect in /dev, and what cannot harm the host. Nodes in a directory need the directory as well. */
const usual = [
  ...['null', 'zero', 'full', 'random', 'urandom'],
  ...['stdin', 'stdout', 'stderr', 'fd', 'fd/*'],
  ...['tty', 'ptmx', 'pts', 'pts/*'],
];

/** The rules for the devices that every container sees: all are hidden, then these are shown. */
export const usualRules: readonly DevfsRule[] = [
  { hide: true },
  ...usual.map((pattern) => ({ pattern, unhide: true })),
];

import { readFileSync } from 'node:fs';

/** What Linux calls this boot: a UUID that is made anew each time (random(4)). */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

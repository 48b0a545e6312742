import { attachByJid } from './attach.js';
import { fail } from './failure.js';
import { jailGet } from './jail-get.js';
import { jailSet } from './jail-set.js';
import { removeJail } from './life.js';
import type { SystemCalls } from './system-call.js';

export const jailCalls: SystemCalls = {
  jail_set: (context, args) => jailSet(context, args.address(0), args.int(1), args.int(2)),
  jail_get: (context, args) => jailGet(context, args.address(0), args.int(1), args.int(2)),
  jail_attach: (context, args) => {
    attachByJid(context, args.int(0));
    return 0;
  },
  jail_remove: ({ process, system }, args) => {
    if (process.credential.uid !== 0) fail('EPERM');
    const jail = system.jails.find(process.jail, args.int(0)) ?? fail('EINVAL');
    removeJail(system, jail);
    return 0;
  },
};

import { fail } from './failure.js';
import type { SystemCalls } from './system-call.js';

// NGROUPS_MAX of sys/syslimits.h, and the effective gid
const maxGroups = 1024;

/** Users, groups and sessions of the calling process. */
export const credentialCalls: SystemCalls = {
  getuid: ({ process }) => process.credential.uid,
  geteuid: ({ process }) => process.credential.uid,
  getgid: ({ process }) => process.credential.gid,
  getegid: ({ process }) => process.credential.gid,
  issetugid: ({ process }) => (process.setId ? 1 : 0),
  getgroups: ({ memory, process, system }, args) => {
    const { gid, groups: further } = process.credential;
    const groups = system.release < 15 ? [gid, ...further] : further;
    if (args.int(0) === 0) return groups.length;
    if (args.int(0) < groups.length) return fail('EINVAL');
    groups.forEach((group, index) => {
      memory.setU32(args.address(1) + BigInt(index * 4), group);
    });
    return groups.length;
  },
  // The first of them is the effective gid; without any it stays as it was. From 15 on all of them are further ones.
  setgroups: ({ memory, process, system }, args) => {
    const count = args.int(0);
    const most = system.release < 15 ? maxGroups : maxGroups - 1;
    if (process.credential.uid !== 0) return fail('EPERM');
    if (count < 0 || count > most) return fail('EINVAL');
    const groups = Array.from({ length: count }, (_, index) => {
      return memory.u32(args.address(1) + BigInt(index * 4));
    });
    if (system.release >= 15) {
      process.credential.groups = groups;
      process.setId = true;
      return 0;
    }
    const [gid = process.credential.gid, ...rest] = groups;
    Object.assign(process.credential, { gid, groups: rest });
    process.setId = true;
    return 0;
  },
  setgid: ({ process }, args) => {
    const { uid, gid } = process.credential;
    if (uid !== 0 && args.unsigned(0) !== gid) return fail('EPERM');
    process.credential.gid = args.unsigned(0);
    process.setId = true;
    return 0;
  },
  setuid: ({ process }, args) => {
    const { uid } = process.credential;
    if (uid !== 0 && args.unsigned(0) !== uid) return fail('EPERM');
    process.credential.uid = args.unsigned(0);
    process.setId = true;
    return 0;
  },
  setsid: ({ process, system }) => {
    const taken = system.processes.list.some((other) => other.group === process.pid);
    if (taken) return fail('EPERM');
    const { login } = process.session;
    process.session = { id: process.pid, leader: process, login, terminal: undefined };
    process.group = process.pid;
    return process.pid;
  },
  setpgid: ({ process, system }, args) => {
    const pid = args.int(0) || process.pid;
    const target = system.processes.get(pid) ?? fail('ESRCH');
    if (target.session.leader === target) return fail('EPERM');
    target.group = args.int(1) || target.pid;
    return 0;
  },
  getpgid: ({ process }, args) => (args.int(0) === 0 ? process.group : fail('ESRCH')),
  getpgrp: ({ process }) => process.group,
  getsid: ({ process }, args) => (args.int(0) === 0 ? process.session.id : fail('ESRCH')),
  // The login name is the session's, not the process's.
  setlogin: ({ memory, process, system }, args) => {
    if (process.credential.uid !== 0) return fail('EPERM');
    const { MAXLOGNAME } = system.bindings.constants;
    const name = memory.text(args.address(0), 1024);
    if (Buffer.byteLength(name) >= MAXLOGNAME) return fail('EINVAL');
    process.session.login = name;
    return 0;
  },
};

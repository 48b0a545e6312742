// Written by scripts/generate-bindings from native/bindings.list; not to be edited.
import { constants, errors, layouts, signals, syscalls } from './common.js';
import type { Bindings } from './types.js';

// prettier-ignore
export const freebsd13Amd64: Bindings = {
  release: 13,
  arch: 'amd64',
  headers: 'the kernel headers of FreeBSD 13.0 (__FreeBSD_version 1300139); what they do not declare is taken to be as in 14',
  layouts: { ...layouts, cpuset_t: { ...layouts.cpuset_t, size: 32 }, pfioc_nv: undefined },
  constants: { ...constants, O_PATH: undefined, O_EMPTY_PATH: undefined, AT_EMPTY_PATH: undefined,
    MNT_RECURSE: undefined, MNT_DEFERRED: undefined, PROC_NO_NEW_PRIVS_CTL: undefined,
    PROC_NO_NEW_PRIVS_STATUS: undefined, PROC_NO_NEW_PRIVS_ENABLE: undefined,
    REAPER_PIDINFO_ZOMBIE: undefined, REAPER_PIDINFO_STOPPED: undefined, REAPER_PIDINFO_EXITING: undefined,
    CPU_SETSIZE: 0x100, AF_NETLINK: undefined, DIOCADDRULENV: undefined, DIOCGETRULENV: undefined,
    DIOCCLRSTATESNV: undefined, DIOCGETSTATENV: undefined, DIOCGETSTATUSNV: undefined,
    DIOCKILLSTATESNV: undefined, PFTM_MAX: 20, PFTM_UNLINKED: 22 },
  errors,
  signals,
  syscalls: { ...syscalls, kqueuex: undefined },
};

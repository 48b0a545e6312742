// Written by scripts/generate-bindings from native/bindings.list; not to be edited.
import { constants, errors, layouts, signals, syscalls } from './common.js';
import type { Bindings } from './types.js';

// prettier-ignore
export const freebsd15Amd64: Bindings = {
  release: 15,
  arch: 'amd64',
  headers: 'FreeBSD 15 in ziglang 0.17.1',
  layouts: { ...layouts, pf_status: undefined },
  constants: { ...constants, DIOCGETRULE: undefined, DIOCCLRSTATES: undefined, DIOCKILLSTATES: undefined,
    DIOCGETSTATUS: undefined, JAIL_USE_DESC: 16, JAIL_AT_DESC: 32, JAIL_GET_DESC: 64, JAIL_OWN_DESC: 128,
    JAIL_SET_MASK: 255, JAIL_GET_MASK: 248, EVFILT_JAIL: -14, EVFILT_JAILDESC: -15,
    NOTE_JAIL_CHILD: 0x80000000, NOTE_JAIL_SET: 0x40000000, NOTE_JAIL_ATTACH: 0x20000000,
    NOTE_JAIL_REMOVE: 0x10000000, NOTE_JAIL_MULTI: 0x8000000, KQUEUE_CLOEXEC: 1, BRDGSIFPVID: 31,
    BRDGSIFVLANSET: 32, BRDGGIFVLANSET: 33, BRDGGFLAGS: 34, BRDGSFLAGS: 35, BRDGGDEFPVID: 36,
    BRDGSDEFPVID: 37, BRDGSIFVLANPROTO: 38 },
  errors,
  signals,
  syscalls: { ...syscalls, getgroups: 595, setgroups: 596, fchroot: 590, setcred: 591, jail_attach_jd: 597,
    jail_remove_jd: 598 },
};

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Arch } from '../../../src/kernel/bindings/types.js';
import { layOut, type Extent, type ForeignStruct, type ForeignTables } from './foreign-layout.js';

/** Go's names of C structures, and the prefix that cgo took off their fields. */
const structs: Readonly<Record<string, readonly [name: string, prefix: string]>> = {
  Timespec: ['timespec', 'tv_'],
  Timeval: ['timeval', 'tv_'],
  Rusage: ['rusage', 'ru_'],
  Rlimit: ['rlimit', 'rlim_'],
  Stat_t: ['stat', 'st_'],
  Statfs_t: ['statfs', 'f_'],
  Dirent: ['dirent', 'd_'],
  RawSockaddrInet4: ['sockaddr_in', 'sin_'],
  RawSockaddrInet6: ['sockaddr_in6', 'sin6_'],
  RawSockaddrUnix: ['sockaddr_un', 'sun_'],
  RawSockaddrDatalink: ['sockaddr_dl', 'sdl_'],
  RawSockaddr: ['sockaddr', 'sa_'],
  Xucred: ['xucred', 'cr_'],
  Iovec: ['iovec', 'iov_'],
  Msghdr: ['msghdr', 'msg_'],
  Cmsghdr: ['cmsghdr', 'cmsg_'],
  __Siginfo: ['__siginfo', 'si_'],
  Kevent_t: ['kevent', ''],
  // IfMsghdr and IfData are those of FreeBSD 8, these two those of today.
  ifMsghdr: ['if_msghdr', 'ifm_'],
  ifData: ['if_data', 'ifi_'],
  IfaMsghdr: ['ifa_msghdr', 'ifam_'],
  RtMsghdr: ['rt_msghdr', 'rtm_'],
  RtMetrics: ['rt_metrics', 'rmx_'],
  Termios: ['termios', 'c_'],
  Winsize: ['winsize', 'ws_'],
  PollFd: ['pollfd', ''],
};

const basic: Readonly<Record<string, number>> = {
  int8: 1,
  uint8: 1,
  byte: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  uintptr: 8,
};

/** Reads the tables that cgo wrote for golang.org/x/sys/unix. */
export function readGoTables(folder: string, arch: Arch): ForeignTables {
  const read = (kind: string): string =>
    readFileSync(join(folder, `unix/${kind}_freebsd_${arch}.go`), 'utf8');
  const constants = new Map<string, bigint>();
  const number = /^\t(\w+)\s+= (?:syscall\.\w+\()?(-?(?:0x[0-9a-f]+|\d+))\)?/gm;
  for (const [, name = '', value = ''] of (read('zerrors') + read('zsysnum') + read('ztypes')).matchAll(
    number,
  )) {
    const key = name.startsWith('SYS_') ? `SYS_${name.slice(4).toLowerCase()}` : name;
    constants.set(key, value.startsWith('-') ? -BigInt(value.slice(1)) : BigInt(value));
  }
  return { constants, structs: readStructs(read('ztypes')) };
}

function readStructs(text: string): Map<string, ForeignStruct> {
  const bodies = new Map<string, string>();
  for (const [, name = '', body = ''] of text.matchAll(/^type (\w+) struct \{\n([^}]*)\}/gm))
    bodies.set(name, body);
  const plain = new Map<string, string>();
  for (const [, name = '', type = ''] of text.matchAll(/^(?:type |\t)(\w+)\s+(u?int\d+)$/gm))
    plain.set(name, type);

  const extent = (type: string): Extent => {
    const array = /^\[(\d+)\](.*)$/.exec(type);
    if (array !== null) {
      const element = extent(array[2] ?? '');
      return { size: element.size * Number(array[1]), alignment: element.alignment };
    }
    if (type.startsWith('*')) return { size: 8, alignment: 8 };
    const size = basic[type];
    if (size !== undefined) return { size, alignment: size };
    const body = bodies.get(type);
    if (body !== undefined) return struct(body, '');
    return extent(plain.get(type) ?? refuse(type));
  };
  const struct = (body: string, prefix: string): ForeignStruct => {
    const members = body
      .split('\n')
      .map((line) =>
        line
          .replace(/\/\*.*\*\//, '')
          .trim()
          .split(/\s+/),
      )
      .filter((words) => words.length === 2)
      .map(([name = '', type = '']) => ({ name: `${prefix}${name.toLowerCase()}`, ...extent(type) }));
    return layOut(members);
  };
  const found = Object.entries(structs).map(([goName, [name, prefix]]): [string, ForeignStruct] => {
    return [name, struct(bodies.get(goName) ?? refuse(goName), prefix)];
  });
  return new Map(found);
}

function refuse(type: string): never {
  throw new Error(`x/sys/unix: type ${type} is not understood`);
}

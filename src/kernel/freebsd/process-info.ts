import { readStruct, readText } from '../layout.js';
import type { Bindings } from '../bindings/types.js';

/** What a process is doing: SIDL to SLOCK of sys/proc.h. A zombie has ended, and nobody has waited for it. */
export type ProcessState =
  'new' | 'running' | 'sleeping' | 'stopped' | 'zombie' | 'waiting for an interrupt' | 'waiting for a lock';

/** What the kernel says of a process: struct kinfo_proc of sys/user.h. */
export interface ProcessInfo {
  readonly pid: number;
  /** As the host counts, also for those who ask from within a jail (12.1). */
  readonly parentPid: number;
  readonly group: number;
  readonly session: number;
  /** 0 on the host, and for everybody who asks from within the process's own jail (12.1). */
  readonly jid: number;
  readonly state: ProcessState;
  readonly uid: number;
  /** The login name of its session. */
  readonly login: string;
  /** The last part of the program's path, cut to MAXCOMLEN (19) bytes. */
  readonly command: string;
  readonly threads: number;
  /** Memory that it holds, in pages: resident and swapped out. */
  readonly residentPages: bigint;
  readonly swappedPages: bigint;
  /** Address space in bytes. */
  readonly virtualBytes: bigint;
  /** Time on a processor, user and system together, in microseconds. */
  readonly runtime: bigint;
  /** When it was made, in microseconds since 1970. With the pid it tells a process from later ones of that pid. */
  readonly started: bigint;
}

/**
 * Decodes the array of struct kinfo_proc that kern.proc gives.
 *
 * @throws Error if the kernel's structure has another size than the headers that the bindings were made from
 */
export function readProcessInfos(bindings: Bindings, bytes: Uint8Array): ProcessInfo[] {
  const { kinfo_proc: layout } = bindings.layouts;
  const infos: ProcessInfo[] = [];
  for (let offset = 0; offset < bytes.byteLength; offset += layout.size) {
    infos.push(readProcessInfo(bindings, bytes, offset));
  }
  return infos;
}

function readProcessInfo(bindings: Bindings, bytes: Uint8Array, offset: number): ProcessInfo {
  const { kinfo_proc: layout } = bindings.layouts;
  const info = readStruct(bytes, offset, layout);
  if (info.ki_structsize !== layout.size) {
    throw new Error(`kinfo_proc: the kernel's has ${info.ki_structsize} bytes, ours ${layout.size}`);
  }
  return {
    pid: info.ki_pid,
    parentPid: info.ki_ppid,
    group: info.ki_pgid,
    session: info.ki_sid,
    jid: info.ki_jid,
    state: stateOf(bindings, info.ki_stat),
    uid: info.ki_uid,
    login: readText(info.ki_login),
    command: readText(info.ki_comm),
    threads: info.ki_numthreads,
    residentPages: info.ki_rssize,
    swappedPages: info.ki_swrss,
    virtualBytes: info.ki_size,
    runtime: info.ki_runtime,
    started: info.ki_start_sec * 1_000_000n + info.ki_start_usec,
  };
}

function stateOf({ constants: c }: Bindings, value: number): ProcessState {
  const states = new Map<number, ProcessState>([
    [c.SIDL, 'new'],
    [c.SRUN, 'running'],
    [c.SSLEEP, 'sleeping'],
    [c.SSTOP, 'stopped'],
    [c.SZOMB, 'zombie'],
    [c.SWAIT, 'waiting for an interrupt'],
    [c.SLOCK, 'waiting for a lock'],
  ]);
  const state = states.get(value);
  if (state === undefined) throw new Error(`kinfo_proc: state ${value} is unknown`);
  return state;
}

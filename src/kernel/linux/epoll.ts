import { Arena } from '../arena.js';
import { isKernelError } from '../error.js';
import type { Batch, LocalKernel } from '../kernel.js';
import { callOnce, callOnceBlocking, single, type Single } from './call.js';

const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;
const EPOLL_CLOEXEC = 0o2000000;
const controls = { add: 1, delete: 2, modify: 3 } as const;

/** Events of epoll_ctl(2). `error` and `hangUp` come without being asked for. */
export const epollEvents = { readable: 0x1, priority: 0x2, writable: 0x4, error: 0x8, hangUp: 0x10 } as const;

// struct epoll_event is packed on x86-64 only: bits/epoll.h
const packed = process.arch === 'x64';
const eventSize = packed ? 12 : 16;
const eventData = packed ? 4 : 8;

/** A descriptor that is ready, with a sum of `epollEvents`. */
export interface Ready {
  readonly fd: number;
  readonly events: number;
}

/** A counter that is readable while it is not 0: eventfd(2), non-blocking, close-on-exec. Throws KernelError. */
export function createEventCounter(kernel: LocalKernel): number {
  return callOnce(kernel, single('eventfd', [0, EFD_CLOEXEC | EFD_NONBLOCK]), 'event counter').value;
}

/** epoll_create1(2), close-on-exec. Throws KernelError. */
export function createEpoll(kernel: LocalKernel): number {
  return callOnce(kernel, single('epoll_create1', [EPOLL_CLOEXEC]), 'epoll').value;
}

/** Adds a descriptor, changes the events that are wanted of it, or removes it: epoll_ctl(2). Throws KernelError. */
export function controlEpoll(
  kernel: LocalKernel,
  epoll: number,
  control: keyof typeof controls,
  fd: number,
  events = 0,
): void {
  const arena = new Arena(eventSize);
  const event = arena.reserve(eventSize);
  arena.write(event, Buffer.from(Uint32Array.of(events).buffer));
  arena.write(event + eventData, Buffer.from(Int32Array.of(fd).buffer));
  const args = [epoll, controls[control], fd, { arena: event }];
  callOnce(kernel, single('epoll_ctl', args, arena), `descriptor ${fd}`);
}

/** The descriptors that are ready now, at most `most`: epoll_wait(2) with no time to wait. Throws KernelError. */
export function pollEpoll(kernel: LocalKernel, epoll: number, most = 64): Ready[] {
  return decode(callOnce(kernel, waiting(epoll, most, 0), `epoll ${epoll}`));
}

/**
 * Waits on another thread until a descriptor is ready, or for `milliseconds` (-1: for ever): epoll_wait(2). A signal
 * ends the wait with an empty list. A wait without end keeps the process from exiting, until something wakes it:
 * see `watcher.ts`.
 *
 * @throws KernelError
 */
export async function waitEpoll(
  kernel: LocalKernel,
  epoll: number,
  milliseconds: number,
  most = 64,
): Promise<Ready[]> {
  try {
    return decode(await callOnceBlocking(kernel, waiting(epoll, most, milliseconds), `epoll ${epoll}`));
  } catch (error) {
    if (isKernelError(error, 'EINTR')) return [];
    throw error;
  }
}

function waiting(epoll: number, most: number, milliseconds: number): Batch {
  const arena = new Arena(eventSize * most);
  const events = arena.reserve(eventSize * most);
  return single('epoll_wait', [epoll, { arena: events }, most, milliseconds], arena);
}

function decode({ value, arena }: Single): Ready[] {
  const view = new DataView(arena.buffer, arena.byteOffset);
  return Array.from({ length: value }, (_, index) => ({
    fd: view.getInt32(index * eventSize + eventData, true),
    events: view.getUint32(index * eventSize, true),
  }));
}

import { wouldBlock } from './blocking.js';
import { fail } from './failure.js';
import type { CallContext, OpenFile } from './open-file.js';
import type { Process } from './process.js';
import { seenBy } from './signal-calls.js';
import type { Arguments, SystemCalls } from './system-call.js';

/** A queue of events, of which the model has the ends of processes. */
interface EventQueue extends OpenFile {
  /** Who is watched, and has not ended. */
  readonly watched: Set<Process>;
  /** Whose end nobody has taken yet. */
  readonly ended: Process[];
}

function isQueue(file: OpenFile): file is EventQueue {
  return 'watched' in file;
}

function kqueue({ process, system }: CallContext): number {
  const queue: EventQueue = {
    jail: process.jail,
    references: 0,
    flags: 2,
    private: true,
    watched: new Set(),
    ended: [],
  };
  system.processes.listen((each, event) => {
    if (event === 'ended' && queue.watched.delete(each)) queue.ended.push(each);
  });
  return process.descriptors.add(queue, false);
}

function kevent(context: CallContext, args: Arguments): number {
  const { memory, process, system } = context;
  const { constants: c, layouts } = system.bindings;
  const queue = process.descriptors.get(args.int(0));
  if (!isQueue(queue)) return fail('EBADF');
  const { size } = layouts.kevent;
  for (let index = 0; index < args.int(2); index++) {
    change(context, queue, args.address(1) + BigInt(index * size));
  }
  const room = args.int(4);
  if (room === 0) return 0;
  if (queue.ended.length === 0) {
    const timeout = args.address(5);
    const { tv_sec, tv_nsec } =
      timeout === 0n ? { tv_sec: -1n, tv_nsec: 0n } : memory.struct(timeout, layouts.timespec);
    if (tv_sec === 0n && tv_nsec === 0n) return 0;
    wouldBlock({ ...queue, flags: 0 }, 'a wait for events');
  }
  const told = queue.ended.splice(0, room);
  told.forEach((each, index) => {
    const at = args.address(3) + BigInt(index * size);
    memory.at(at, size).fill(0);
    memory.setFields(at, layouts.kevent, {
      ident: each.pid,
      filter: c.EVFILT_PROC,
      flags: c.EV_EOF | c.EV_ONESHOT | c.EV_CLEAR,
      fflags: c.NOTE_EXIT,
      data: each.status,
    });
  });
  return told.length;
}

/** One change: whose end shall be told, also of somebody who is a zombie already. */
function change({ memory, process, system }: CallContext, queue: EventQueue, address: bigint): void {
  const { constants: c, layouts } = system.bindings;
  const { ident, filter, flags, fflags } = memory.struct(address, layouts.kevent);
  if (filter !== c.EVFILT_PROC || fflags !== c.NOTE_EXIT) fail('EINVAL');
  const target = seenBy(process).find(({ pid }) => BigInt(pid) === ident) ?? fail('ESRCH');
  if ((flags & c.EV_DELETE) !== 0) {
    if (!queue.watched.delete(target)) fail('ENOENT');
    return;
  }
  if (target.alive) queue.watched.add(target);
  else queue.ended.push(target);
}

export const eventCalls: SystemCalls = { kqueue, kevent };

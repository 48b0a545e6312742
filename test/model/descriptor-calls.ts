import { fail } from './failure.js';
import type { OpenFile } from './open-file.js';
import { pipeEnds } from './pipe.js';
import type { SystemCalls } from './system-call.js';
import { openMaster } from './terminal-files.js';

/** What lay in a file system that was unmounted by force. */
function refuseDead({ place }: OpenFile): void {
  if (place?.mount.dead === true) fail('EIO');
}

/** Calls on descriptors, whatever they stand for. */
export const descriptorCalls: SystemCalls = {
  close: ({ process }, args) => {
    process.descriptors.close(args.int(0));
    return 0;
  },
  read: (context, args) => {
    const file = context.process.descriptors.get(args.int(0));
    if ((file.flags & 3) === 1) return fail('EBADF');
    refuseDead(file);
    return file.read?.(context, args.address(1), args.long(2)) ?? fail('ENODEV');
  },
  write: (context, args) => {
    const file = context.process.descriptors.get(args.int(0));
    if ((file.flags & 3) === 0) return fail('EBADF');
    refuseDead(file);
    return file.write?.(context, args.address(1), args.long(2)) ?? fail('ENODEV');
  },
  ioctl: (context, args) => {
    const file = context.process.descriptors.get(args.int(0));
    return file.ioctl?.(context, args.unsigned(1), args.address(2)) ?? fail('ENOTTY');
  },
  dup2: ({ process }, args) => {
    const [from, to] = [args.int(0), args.int(1)];
    const file = process.descriptors.get(from);
    if (to < 0) return fail('EBADF');
    if (from !== to) process.descriptors.set(to, file, false);
    return to;
  },
  fcntl: ({ process, system }, args) => {
    const { constants: c } = system.bindings;
    const entry = process.descriptors.entry(args.int(0));
    switch (args.int(1)) {
      case c.F_DUPFD:
        return process.descriptors.add(entry.file, false, args.int(2));
      case c.F_DUPFD_CLOEXEC:
        return process.descriptors.add(entry.file, true, args.int(2));
      case c.F_GETFD:
        return entry.closeOnExec ? c.FD_CLOEXEC : 0;
      case c.F_SETFD:
        entry.closeOnExec = (args.int(2) & c.FD_CLOEXEC) !== 0;
        return 0;
      case c.F_GETFL:
        return entry.file.flags & (3 | c.O_APPEND | c.O_NONBLOCK);
      case c.F_SETFL:
        entry.file.flags = (entry.file.flags & 3) | (args.int(2) & (c.O_APPEND | c.O_NONBLOCK));
        return 0;
      default:
        return fail('EINVAL');
    }
  },
  posix_openpt: (context, args) => openMaster(context, args.int(0)),
  pipe2: ({ memory, process, system }, args) => {
    const { constants: c } = system.bindings;
    const flags = args.int(1);
    if ((flags & ~(c.O_CLOEXEC | c.O_NONBLOCK)) !== 0) return fail('EINVAL');
    memory.at(args.address(0), 8);
    const ends = pipeEnds(process, flags);
    ends.forEach((end, index) => {
      const fd = process.descriptors.add(end, (flags & c.O_CLOEXEC) !== 0);
      memory.setI32(args.address(0) + BigInt(index * 4), fd);
    });
    return 0;
  },
};

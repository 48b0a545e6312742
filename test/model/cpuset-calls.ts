import { isSubset, type Cpuset } from './cpusets.js';
import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import type { Process } from './process.js';
import { seenBy } from './signal-calls.js';
import type { Arguments, SystemCalls } from './system-call.js';

const largestSize = 128;

/** A set with the process that is meant, if it is about one. */
interface Owner {
  readonly set: Cpuset;
  readonly process: Process | undefined;
}

/** cpuset_which(): -1 is the caller. */
function ownerOf({ process, system }: CallContext, which: number, id: number): Owner {
  const { CPU_WHICH_PID, CPU_WHICH_CPUSET, CPU_WHICH_JAIL } = system.bindings.constants;
  switch (which) {
    case CPU_WHICH_PID: {
      const found = id === -1 ? process : (seenBy(process).find(({ pid }) => pid === id) ?? fail('ESRCH'));
      return { set: found.cpuset, process: found };
    }
    case CPU_WHICH_CPUSET:
      return { set: id === -1 ? process.cpuset : system.cpusets.find(id), process: undefined };
    case CPU_WHICH_JAIL: {
      const jail = id === -1 ? process.jail : (system.jails.find(process.jail, id) ?? fail('ESRCH'));
      return { set: jail.cpuset, process: undefined };
    }
    default:
      return fail('EINVAL');
  }
}

/** Up to 13 programs must have room for all that the kernel has. */
function sizeOf({ system }: CallContext, args: Arguments): number {
  const size = args.long(3);
  const least = system.release < 14 ? system.bindings.layouts.cpuset_t.size : 1;
  return size < least || size > largestSize ? fail('ERANGE') : size;
}

/** Sets of processors: kern_cpuset.c. Of the levels only that of the owner itself. */
export const cpusetCalls: SystemCalls = {
  cpuset: ({ memory, process, system }, args) => {
    const made = system.cpusets.make(process.jail.cpuset, false);
    memory.setI32(args.address(0), made.id);
    process.cpuset = made;
    return 0;
  },
  cpuset_setid: (context, args) => {
    const { CPU_WHICH_PID } = context.system.bindings.constants;
    if (args.int(0) !== CPU_WHICH_PID) return fail('EINVAL');
    const set = context.system.cpusets.find(args.int(2));
    const { process } = ownerOf(context, CPU_WHICH_PID, args.int(1));
    if (process !== undefined) Object.assign(process, { cpuset: set, cpus: undefined });
    return 0;
  },
  cpuset_getid: (context, args) => {
    const { CPU_LEVEL_WHICH, CPU_WHICH_CPUSET } = context.system.bindings.constants;
    if (args.int(0) === CPU_LEVEL_WHICH && args.int(1) !== CPU_WHICH_CPUSET) return fail('EINVAL');
    context.memory.setI32(args.address(3), ownerOf(context, args.int(1), args.int(2)).set.id);
    return 0;
  },
  cpuset_getaffinity: (context, args) => {
    const size = sizeOf(context, args);
    const { process, set } = ownerOf(context, args.int(1), args.int(2));
    if (args.int(0) !== context.system.bindings.constants.CPU_LEVEL_WHICH) return fail('EINVAL');
    const bytes = new Uint8Array(size);
    for (const cpu of process?.cpus ?? set.mask) bytes[cpu >> 3] = (bytes[cpu >> 3] ?? 0) | (1 << (cpu & 7));
    context.memory.write(args.address(4), bytes);
    return 0;
  },
  cpuset_setaffinity: (context, args) => {
    const { memory, process: caller, system } = context;
    const bytes = memory.at(args.address(4), sizeOf(context, args));
    const cpus = Array.from({ length: bytes.byteLength * 8 }, (_, cpu) => cpu);
    const mask = new Set(cpus.filter((cpu) => ((bytes[cpu >> 3] ?? 0) & (1 << (cpu & 7))) !== 0));
    if (cpus.some((cpu) => mask.has(cpu) && cpu >= system.bindings.layouts.cpuset_t.size * 8))
      return fail('EINVAL');
    if (mask.size === 0) return fail('EDEADLK');
    if (args.int(0) !== system.bindings.constants.CPU_LEVEL_WHICH) return fail('EINVAL');
    const { process, set } = ownerOf(context, args.int(1), args.int(2));
    if (process !== undefined) {
      if (!isSubset(mask, set.mask)) return fail('EINVAL');
      process.cpus = mask;
      return 0;
    }
    if (caller.credential.uid !== 0) return fail('EPERM');
    if (caller.jail !== system.jails.host && set.isJails && set === caller.jail.cpuset) return fail('EPERM');
    system.cpusets.change(system, set, mask);
    return 0;
  },
};

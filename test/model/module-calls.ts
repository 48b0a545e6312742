import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import type { SystemCalls } from './system-call.js';

const pathCapacity = 1024;

function nameArgument({ memory }: CallContext, address: bigint): string {
  return memory.text(address, pathCapacity);
}

/** Modules of the kernel: kern_linker.c and kern_module.c. */
export const moduleCalls: SystemCalls = {
  kldload: (context, args) => {
    const { process, system } = context;
    if (process.credential.uid !== 0 || process.jail !== system.jails.host) return fail('EPERM');
    if (process.jail.secureLevel > 0) return fail('EPERM');
    return system.files.load(nameArgument(context, args.address(0)));
  },
  kldfind: (context, args) => context.system.files.find(nameArgument(context, args.address(0))),
  modfind: (context, args) => context.system.files.module(nameArgument(context, args.address(0))),
  kldstat: ({ memory, system }, args) => {
    const { kld_file_stat: layout } = system.bindings.layouts;
    const { version } = memory.struct(args.address(1), layout);
    if (version !== layout.size) return fail('EINVAL');
    const name = system.files.name(args.int(0));
    memory.setFields(args.address(1), layout, {
      name: Buffer.from(name),
      refs: 1,
      id: args.int(0),
      size: 0x10_0000n,
      pathname: Buffer.from(`/boot/kernel/${name}`),
    });
    return 0;
  },
};

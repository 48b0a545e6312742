import { fail } from './failure.js';
import type { Jail } from './jail.js';
import { jailFlags } from './jail-request.js';
import { removeJail } from './life.js';
import type { CallContext } from './open-file.js';
import type { OptionList } from './option-list.js';

// Descriptors of jails, of FreeBSD 15: kern_jaildesc.c.

const { useDescriptor, atDescriptor, getDescriptor, ownDescriptor } = jailFlags;

/** Whether jail_set(2) shall open a descriptor of the jail; the value of `desc` says where it goes. */
export function wantsDescriptor({ system }: CallContext, options: OptionList, flags: number): boolean {
  // Before 15 it is a parameter that nobody knows.
  if (system.release < 15) return false;
  const given = options.exact('desc', 4) !== undefined;
  if ((flags & (useDescriptor | atDescriptor)) !== 0)
    throw new RangeError('jail_set of a jail by its descriptor: not a request of the model');
  const wanted = (flags & (getDescriptor | ownDescriptor)) !== 0;
  if (wanted && !given) options.refuse('ENOENT', 'missing desc');
  return given;
}

/** Without any of its flags the kernel says so, fails not, and does nothing. */
export function isUnexpected(options: OptionList, flags: number): boolean {
  if ((flags & (getDescriptor | ownDescriptor)) !== 0) return false;
  options.text = 'unexpected desc';
  return true;
}

/** Opens a descriptor of a jail for the caller, and tells its number. The last close of one that owns it removes the jail. */
export function openJailDescriptor(
  { memory, process, system }: CallContext,
  jail: Jail,
  options: OptionList,
  flags: number,
): void {
  const option = options.take('desc') ?? fail('EINVAL');
  const owns = (flags & ownDescriptor) !== 0;
  const fd = process.descriptors.add(
    {
      jail: process.jail,
      references: 0,
      flags: 0,
      closed: () => {
        if (owns && system.jails.get(jail.jid) === jail) removeJail(system, jail);
      },
    },
    // It stays open in programs: the caller has to see to that.
    false,
  );
  const number = Buffer.alloc(4);
  number.writeInt32LE(fd);
  memory.write(option.address, number);
}

import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import type { Arguments } from './system-call.js';

const maxName = 1024;

/** sysctl(2), with the two numbers that turn a name into numbers. */
export function sysctl(context: CallContext, args: Arguments): number {
  const { memory, system } = context;
  const [mib, count, old, oldLength, value, valueLength] = [
    args.address(0),
    args.unsigned(1),
    args.address(2),
    args.address(3),
    args.address(4),
    args.long(5),
  ];
  if (count < 2 || count > system.bindings.constants.CTL_MAXNAME) return fail('EINVAL');
  const numbers = Array.from({ length: count }, (_, index) => memory.i32(mib + BigInt(index * 4)));
  const given = value === 0n ? undefined : memory.at(value, valueLength).slice();
  if (numbers[0] === 0 && numbers[1] === system.bindings.constants.CTL_SYSCTL_NAME2OID) {
    if (given === undefined || given.byteLength >= maxName) return fail('ENAMETOOLONG');
    const name = Buffer.from(given).toString('utf8').replace(/\0.*$/s, '');
    const found = system.sysctls.find(name);
    const bytes = new Uint8Array(found.length * 4);
    found.forEach((number, index) => {
      new DataView(bytes.buffer).setInt32(index * 4, number, true);
    });
    answer(context, bytes, old, oldLength);
    return 0;
  }
  const { entry, rest } = system.sysctls.at(numbers);
  if (entry.isNode === true && rest.length === 0) return fail('EISDIR');
  if (old !== 0n || oldLength !== 0n) {
    answer(context, entry.read?.(context, rest) ?? fail('EISDIR'), old, oldLength);
  }
  if (given !== undefined) {
    if (entry.write === undefined || context.process.credential.uid !== 0) return fail('EPERM');
    entry.write(context, given);
  }
  return 0;
}

/** What fits is written; ENOMEM if that is not all. */
function answer({ memory }: CallContext, bytes: Uint8Array, old: bigint, oldLength: bigint): void {
  const room = oldLength === 0n ? 0 : Number(memory.u64(oldLength));
  if (old === 0n) {
    if (oldLength !== 0n) memory.setU64(oldLength, BigInt(bytes.byteLength));
    return;
  }
  const part = bytes.subarray(0, room);
  memory.write(old, part);
  if (oldLength !== 0n) memory.setU64(oldLength, BigInt(part.byteLength));
  if (part.byteLength < bytes.byteLength) fail('ENOMEM');
}

import { fail } from './failure.js';
import type { CallContext, OpenFile } from './open-file.js';
import type { System } from './system.js';

/** What goes from one end of a pair to the other. */
export interface Message {
  readonly data: Uint8Array;
  /** The files whose descriptors were passed: SCM_RIGHTS. They are held while they are on their way. */
  readonly files: readonly OpenFile[];
}

// CMSG_DATA: the header of 12 bytes is padded to 8.
const controlHeader = 16;

/** Takes a struct msghdr apart. */
export function sendMessage({ memory, process, system }: CallContext, address: bigint): Message {
  const { constants: c, layouts } = system.bindings;
  const header = memory.struct(address, layouts.msghdr);
  const parts = Array.from({ length: header.msg_iovlen }, (_, index) => {
    const { iov_base, iov_len } = memory.struct(header.msg_iov + BigInt(index * 16), layouts.iovec);
    return memory.at(iov_base, Number(iov_len));
  });
  const files: OpenFile[] = [];
  if (header.msg_control !== 0n && header.msg_controllen > 0) {
    const control = memory.struct(header.msg_control, layouts.cmsghdr);
    if (control.cmsg_level !== c.SOL_SOCKET || control.cmsg_type !== c.SCM_RIGHTS) fail('EINVAL');
    for (let at = controlHeader; at < control.cmsg_len; at += 4) {
      files.push(process.descriptors.get(memory.i32(header.msg_control + BigInt(at))));
    }
  }
  if (files.some((file) => file.private === true)) fail('EOPNOTSUPP');
  for (const file of files) file.references++;
  system.inFlight.push(...files);
  return { data: Buffer.concat(parts), files };
}

/** Fills a struct msghdr in, and gives the process descriptors of what was passed. */
export function receiveMessage(
  { memory, process, system }: CallContext,
  address: bigint,
  message: Message,
): number {
  const { constants: c, layouts } = system.bindings;
  const header = memory.struct(address, layouts.msghdr);
  const { iov_base, iov_len } = memory.struct(header.msg_iov, layouts.iovec);
  const data = message.data.subarray(0, Number(iov_len));
  memory.write(iov_base, data);
  const length = message.files.length === 0 ? 0 : controlHeader + message.files.length * 4;
  if (length > header.msg_controllen) fail('EMSGSIZE');
  message.files.forEach((file, index) => {
    system.inFlight.splice(system.inFlight.indexOf(file), 1);
    const fd = process.descriptors.add(file, false);
    file.references--;
    memory.setI32(header.msg_control + BigInt(controlHeader + index * 4), fd);
  });
  if (length > 0) {
    const rights = { cmsg_len: length, cmsg_level: c.SOL_SOCKET, cmsg_type: c.SCM_RIGHTS };
    memory.setFields(header.msg_control, layouts.cmsghdr, rights);
  }
  memory.setFields(address, layouts.msghdr, { msg_controllen: length });
  return data.byteLength;
}

/** Lets go of a message that nobody can take any more. */
export function dropMessage(system: System, { files }: Message): void {
  for (const file of files) {
    system.inFlight.splice(system.inFlight.indexOf(file), 1);
    file.references--;
    if (file.references === 0) file.closed?.();
  }
}

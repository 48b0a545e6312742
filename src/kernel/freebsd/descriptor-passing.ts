import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { checkInteger } from './check.js';
import { readStruct } from '../layout.js';

// A message of one byte that carries one descriptor: SCM_RIGHTS of unix(4). On the processors that we know
// CMSG_LEN and CMSG_DATA align to 8 bytes, and the header has 12.
const dataAt = 16;
const controlSize = 24;
const descriptorSize = 4;

/** Two connected sockets, by which processes pass descriptors to each other. The caller closes both. */
export interface SocketPair {
  readonly near: number;
  readonly far: number;
}

/** Makes a pair of sockets, both close-on-exec: socketpair(2). */
export function makeSocketPair(b: BatchBuilder): Step<SocketPair> {
  const { AF_LOCAL, SOCK_DGRAM, SOCK_CLOEXEC } = b.bindings.constants;
  const at = b.arena.reserve(8);
  const args = [AF_LOCAL, SOCK_DGRAM | SOCK_CLOEXEC, 0, { arena: at }];
  const value = b.call('socketpair', args, { object: 'sockets' });
  return {
    value,
    decode: ({ arena }) => {
      const view = new DataView(arena.buffer, arena.byteOffset);
      return { near: view.getInt32(at, true), far: view.getInt32(at + 4, true) };
    },
  };
}

/**
 * Passes a descriptor to whoever reads the other end: sendmsg(2). The caller keeps his own.
 *
 * @param descriptor its number: what a call of the same batch returns cannot be written into the message. See dup2(2)
 */
export function sendDescriptor(
  b: BatchBuilder,
  socket: number | ResultOf,
  descriptor: number,
  object: string,
): Step<void> {
  const { constants, layouts } = b.bindings;
  checkInteger('descriptor', descriptor, 0, 0x7fff_ffff);
  const { at, control } = reserveMessage(b);
  b.arena.writeStruct(control, layouts.cmsghdr, {
    cmsg_len: dataAt + descriptorSize,
    cmsg_level: constants.SOL_SOCKET,
    cmsg_type: constants.SCM_RIGHTS,
  });
  const number = Buffer.alloc(descriptorSize);
  number.writeInt32LE(descriptor);
  b.arena.write(control + dataAt, number);
  const args = [socket, { arena: at }, constants.MSG_NOSIGNAL];
  return { value: b.call('sendmsg', args, { object }), decode: () => undefined };
}

/**
 * Takes the descriptor that somebody has passed: recvmsg(2), close-on-exec. EAGAIN if nothing has come. The caller
 * closes what it answers.
 */
export function receiveDescriptor(b: BatchBuilder, socket: number | ResultOf, object: string): Step<number> {
  const { constants, layouts } = b.bindings;
  const { at, control } = reserveMessage(b);
  const flags = constants.MSG_CMSG_CLOEXEC | constants.MSG_DONTWAIT;
  const value = b.call('recvmsg', [socket, { arena: at }, flags], { object });
  return {
    value,
    decode: ({ arena }) => {
      const header = readStruct(arena, control, layouts.cmsghdr);
      const { msg_controllen } = readStruct(arena, at, layouts.msghdr);
      if (msg_controllen < dataAt + descriptorSize || header.cmsg_type !== constants.SCM_RIGHTS) {
        throw new Error(`recvmsg: ${object}: a message without a descriptor`);
      }
      return new DataView(arena.buffer, arena.byteOffset).getInt32(control + dataAt, true);
    },
  };
}

function reserveMessage(b: BatchBuilder): { at: number; control: number } {
  const data = b.arena.bytes(Uint8Array.of(1));
  const control = b.arena.reserve(controlSize);
  const at = b.arena.struct(b.bindings.layouts.msghdr, {
    msg_iov: b.arena.iovecs([{ offset: data, length: 1 }]),
    msg_iovlen: 1,
    msg_control: control,
    // As much as one descriptor needs: the kernel passes no more than fit.
    msg_controllen: controlSize,
  });
  return { at, control };
}

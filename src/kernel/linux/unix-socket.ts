import { Arena } from '../arena.js';
import { isKernelError, KernelError } from '../error.js';
import type { LocalKernel } from '../kernel.js';
import { callOnce, single } from './call.js';
import { closeDescriptor } from './descriptor.js';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SCM_RIGHTS = 1;
const EMFILE = 24;
const MSG_CTRUNC = 0x8;
const MSG_CMSG_CLOEXEC = 0x40000000;

// struct sockaddr_un: a 16-bit family and a path of 108 bytes, unix(7)
const sockaddrSize = 110;
const pathSize = 108;

/**
 * A stream socket that listens at a path, non-blocking and close-on-exec.
 *
 * @throws RangeError if the path does not fit a socket address (107 bytes), or has a NUL inside.
 * @throws KernelError; nothing stays open then.
 */
export function listenAt(kernel: LocalKernel, path: string): number {
  const arena = new Arena(sockaddrSize);
  const address = arena.reserve(sockaddrSize);
  const text = new Arena();
  text.text(path, 'socket path', pathSize);
  arena.write(address, Uint8Array.of(AF_UNIX, 0));
  arena.write(address + 2, text.batch([]).arena);
  const bind = (fd: number) => single('bind', [fd, { arena: address }, sockaddrSize], arena);

  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = callOnce(kernel, single('socket', [AF_UNIX, type, 0]), path).value;
  try {
    callOnce(kernel, bind(fd), path);
    callOnce(kernel, single('listen', [fd, 16]), path);
  } catch (error) {
    closeDescriptor(kernel, fd);
    throw error;
  }
  return fd;
}

/** The next connection, non-blocking and close-on-exec; undefined if none waits: accept4(2). Throws KernelError. */
export function acceptConnection(kernel: LocalKernel, fd: number): number | undefined {
  try {
    return callOnce(kernel, single('accept4', [fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC]), `socket ${fd}`)
      .value;
  } catch (error) {
    // A connection that was gone before it was accepted is none, see accept(2).
    if (isKernelError(error, 'EAGAIN', 'ECONNABORTED')) return undefined;
    throw error;
  }
}

/** A descriptor that came over a socket, with the bytes beside it. */
export interface ReceivedDescriptor {
  readonly fd: number;
  readonly data: Uint8Array;
}

// struct msghdr and struct cmsghdr of 64-bit Linux: recvmsg(2), cmsg(3)
const messageSize = 56;
const controlHeader = 16;
// Room for exactly one descriptor (CMSG_LEN, not CMSG_SPACE, whose padding could hold a second): the kernel does not
// install more than fit.
const controlSize = controlHeader + 4;
const dataSize = 4096;

const received = new Arena(messageSize + dataSize + 64);
const message = received.reserve(messageSize);
const control = received.reserve(24);
const data = received.reserve(dataSize);
received.pointTo(message + 16, received.iovecs([{ offset: data, length: dataSize }]));
received.write(message + 24, Uint8Array.of(1));
received.pointTo(message + 32, control);
received.write(message + 40, Uint8Array.of(controlSize));
const receiving = received.batch([]);

/**
 * Receives one descriptor over a unix socket, as the console socket of runc(8) sends a terminal: recvmsg(2) with
 * SCM_RIGHTS, close-on-exec. Undefined if nothing has arrived yet on a non-blocking socket.
 *
 * @throws Error if the message has no descriptor or more than one, or the peer has closed; none stays open then.
 * @throws KernelError
 */
export function receiveDescriptor(kernel: LocalKernel, socket: number): ReceivedDescriptor | undefined {
  const name = `socket ${socket}`;
  const batch = {
    ...receiving,
    calls: [{ symbol: 'recvmsg', args: [socket, { arena: message }, MSG_CMSG_CLOEXEC] }],
  };
  let answer;
  try {
    answer = callOnce(kernel, batch, name);
  } catch (error) {
    if (isKernelError(error, 'EAGAIN')) return undefined;
    throw error;
  }
  const view = new DataView(answer.arena.buffer, answer.arena.byteOffset);
  const controlLength = view.getBigUint64(message + 40, true);
  const flags = view.getInt32(message + 48, true);
  const hasOne =
    controlLength >= BigInt(controlSize) &&
    view.getBigUint64(control, true) === BigInt(controlSize) &&
    view.getInt32(control + 8, true) === SOL_SOCKET &&
    view.getInt32(control + 12, true) === SCM_RIGHTS;
  // The message was there, its descriptor found no number: unix(7), SCM_RIGHTS.
  if (!hasOne && (flags & MSG_CTRUNC) !== 0) {
    throw new KernelError({ platform: kernel.platform, call: 'recvmsg', object: name, errno: EMFILE });
  }
  if (!hasOne) {
    const reason = answer.value === 0 ? 'closed by the peer' : 'message without a descriptor';
    throw new Error(`recvmsg: ${name}: ${reason}`);
  }
  const fd = view.getInt32(control + controlHeader, true);
  if ((flags & MSG_CTRUNC) !== 0) {
    closeDescriptor(kernel, fd);
    throw new Error(`recvmsg: ${name}: message with more than one descriptor`);
  }
  return { fd, data: answer.arena.slice(data, data + answer.value) };
}

/** Who is at the other end of a unix socket, as it was when it connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** SO_PEERCRED of unix(7). Throws KernelError. */
export function peerCredentials(kernel: LocalKernel, socket: number): PeerCredentials {
  const arena = new Arena(32);
  const credentials = arena.reserve(12);
  const length = arena.scalar('u32', 12, 'length');
  const args = [socket, SOL_SOCKET, SO_PEERCRED, { arena: credentials }, { arena: length }];
  const answer = callOnce(kernel, single('getsockopt', args, arena), `socket ${socket}`);
  const view = new DataView(answer.arena.buffer, answer.arena.byteOffset);
  return {
    pid: view.getInt32(credentials, true),
    uid: view.getUint32(credentials + 4, true),
    gid: view.getUint32(credentials + 8, true),
  };
}

import { type OnReadOpts, Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { Descriptor } from './descriptor.js';
import type { PipeMaker } from './pipe.js';

/** Node's handle around libuv's uv_pipe_t, as far as it is used here; open() answers 0 or a negated errno. */
interface PipeHandle {
  open(fd: number): number;
  close(): void;
}
type PipeHandleClass = new (type: number) => PipeHandle;

const SOCKET = 0; // PipeConstants.SOCKET: neither a server nor a channel for handles
let pipeHandleClass: PipeHandleClass | undefined;

/**
 * The master of a pseudo-terminal as a socket: both directions through epoll or kqueue, and never blocking.
 *
 * Node offers tty.ReadStream and tty.WriteStream for terminals, but libuv cannot reopen a master, and so falls back to
 * blocking writes for it (uv_tty_init): one program that does not read its terminal would stop the whole shim. libuv's pipe
 * handle is the same epoll stream without that fallback, and opens any descriptor; only Node's Socket insists on finding a
 * pipe or socket behind `fd`. Hence the handle is made here and given to Socket, as Node's own modules do.
 */
export class MasterSocket extends Socket {
  readonly #master: number;
  readonly #report: (error: Error) => void;

  /** Becomes the owner of the master. `makePipe` is called once per process, to learn Node's class of pipe handles. */
  constructor(master: Descriptor, onread: OnReadOpts, makePipe: PipeMaker, report: (error: Error) => void) {
    const handle = openHandle(master.fd, makePipe);
    const options = { handle, readable: true, writable: true, onread };
    super(options);
    this.#master = master.take();
    this.#report = report;
  }

  /** The descriptor, until it is closed. */
  get master(): number | undefined {
    return this.destroyed ? undefined : this.#master;
  }

  /**
   * A failed write must not destroy the socket, as it would for a stream: what the terminal still has to say was not read yet.
   * EIO says that no process holds the terminal open (FreeBSD), so that nobody is there to miss the input.
   */
  override _write(chunk: unknown, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    super._write(chunk, encoding, (error?: NodeJS.ErrnoException | null) => {
      if (error && error.code !== 'EIO' && !this.destroyed) this.#report(error);
      callback();
    });
  }
}

function openHandle(fd: number, makePipe: PipeMaker): PipeHandle {
  pipeHandleClass ??= findPipeHandleClass(makePipe);
  const handle = new pipeHandleClass(SOCKET);
  const failure = handle.open(fd);
  if (failure !== 0) {
    handle.close();
    throw new Error(`terminal: ${getSystemErrorName(failure)}`);
  }
  return handle;
}

function findPipeHandleClass(makePipe: PipeMaker): PipeHandleClass {
  const { read, write } = makePipe();
  new Descriptor(write).close();
  const socket = new Socket({ fd: read, readable: true, writable: false });
  const { _handle } = socket as unknown as { _handle: { constructor: PipeHandleClass } };
  socket.destroy();
  return _handle.constructor;
}

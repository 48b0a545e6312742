import { type OnReadOpts, Socket } from 'node:net';
import type { Descriptor } from './descriptor.js';

/** The read end of a pipe or FIFO, through epoll or kqueue; for pump(). Becomes the descriptor's owner. */
export function pipeSource(reader: Descriptor, onread: OnReadOpts): Socket {
  const options = { fd: reader.fd, readable: true, writable: false, onread };
  const socket = new Socket(options);
  reader.take();
  return socket;
}

import type { Server as Listener, Socket } from 'node:net';
import { ServerConnection } from './server-connection.js';
import type { Service } from './service.js';

/** Answers the requests of any number of connections. */
export interface Server {
  /**
   * Accepts the connections of this listener, which the server owns from now on: it is closed with the server.
   * Listening, and what to do with its errors, stays with the caller.
   */
  serve(listener: Listener): void;
  /** Answers on this socket, which the server owns from now on. After shutdown or close, it is destroyed. */
  accept(socket: Socket): void;
  /**
   * Closes the listeners; lets running handlers end, refusing new requests with Unavailable; closes each connection
   * when nothing runs on it any more. Resolves when all is closed. `close` cuts it short, as a handler may run for
   * days.
   */
  shutdown(): Promise<void>;
  /** Closes listeners and connections at once and cancels the handlers. */
  close(): void;
  /** Open connections. */
  readonly connections: number;
}

export interface ServerOptions {
  /** Told what nobody else is: of handlers that fail when their call is already over. */
  readonly log?: (message: string) => void;
}

/** A server of these services. Throws if two of them have the same name. */
export function createServer(services: Iterable<Service>, options: ServerOptions = {}): Server {
  return new SocketServer(services, options.log ?? (() => undefined));
}

class SocketServer implements Server {
  readonly #services = new Map<string, Service>();
  readonly #log: (message: string) => void;
  readonly #listeners = new Set<Listener>();
  readonly #connections = new Set<ServerConnection>();
  #stopped: Promise<void> | undefined;
  #allClosed: (() => void) | undefined;

  constructor(services: Iterable<Service>, log: (message: string) => void) {
    this.#log = log;
    for (const service of services) {
      if (this.#services.has(service.name)) throw new Error(`service ${service.name} is offered twice`);
      this.#services.set(service.name, service);
    }
  }

  get connections(): number {
    return this.#connections.size;
  }

  serve(listener: Listener): void {
    if (this.#stopped !== undefined) {
      listener.close();
      return;
    }
    this.#listeners.add(listener);
    listener.on('connection', (socket) => {
      this.accept(socket);
    });
    listener.once('close', () => {
      this.#listeners.delete(listener);
      this.#checkClosed();
    });
  }

  accept(socket: Socket): void {
    if (this.#stopped !== undefined) {
      socket.destroy();
      return;
    }
    const connection = new ServerConnection(socket, {
      services: this.#services,
      log: this.#log,
      closed: (closed) => {
        this.#connections.delete(closed);
        this.#checkClosed();
      },
    });
    this.#connections.add(connection);
  }

  shutdown(): Promise<void> {
    const stopped = this.#stop();
    for (const connection of this.#connections) connection.drain();
    return stopped;
  }

  close(): void {
    void this.#stop();
    for (const connection of this.#connections) connection.destroy();
  }

  #stop(): Promise<void> {
    if (this.#stopped === undefined) {
      this.#stopped = new Promise((resolve) => {
        this.#allClosed = resolve;
      });
      for (const listener of this.#listeners) {
        // One that does not listen is closed already, and says nothing more.
        if (listener.listening) listener.close();
        else this.#listeners.delete(listener);
      }
      this.#checkClosed();
    }
    return this.#stopped;
  }

  #checkClosed(): void {
    if (this.#listeners.size === 0 && this.#connections.size === 0) this.#allClosed?.();
  }
}

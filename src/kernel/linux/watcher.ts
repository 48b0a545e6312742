import { callOnce, single } from './call.js';
import { Arena } from '../arena.js';
import type { LocalKernel } from '../kernel.js';
import { closeDescriptor } from './descriptor.js';
import { controlEpoll, createEpoll, createEventCounter, epollEvents, waitEpoll } from './epoll.js';

/** Called when a watched descriptor is ready, with a sum of `epollEvents`. */
export type Watching = (events: number) => void;

const one = new Arena(8);
const oneAt = one.scalar('u64', 1, 'counter');

/**
 * Calls back when descriptors are ready that Node has no object for: event counters, inotify, memory.events files of
 * cgroups. One thread waits for all of them; it waits again once every callback of a round has returned, so a
 * descriptor that stays ready comes again in each round.
 */
export class Watcher {
  readonly #kernel: LocalKernel;
  readonly #onError: (error: unknown) => void;
  readonly #epoll: number;
  readonly #wake: number;
  readonly #watched = new Map<number, Watching>();
  #closed = false;
  #ended: Promise<void> | undefined;
  readonly #onExit = (): void => {
    this.#wakeUp();
  };

  /** @param onError told of what ended the watching before `close`, or what a callback threw. */
  constructor(kernel: LocalKernel, onError: (error: unknown) => void) {
    this.#kernel = kernel;
    this.#onError = onError;
    this.#epoll = createEpoll(kernel);
    let wake: number | undefined;
    try {
      wake = createEventCounter(kernel);
      controlEpoll(kernel, this.#epoll, 'add', wake, epollEvents.readable);
    } catch (error) {
      if (wake !== undefined) closeDescriptor(kernel, wake);
      closeDescriptor(kernel, this.#epoll);
      throw error;
    }
    this.#wake = wake;
  }

  /**
   * Watches a descriptor, which stays the caller's: it is to be removed before it is closed.
   *
   * @param events a sum of `epollEvents`.
   * @throws KernelError, for example EEXIST if it is watched already, EPERM for a regular file.
   */
  add(fd: number, events: number, watching: Watching): void {
    if (this.#closed) throw new Error('watcher: closed');
    controlEpoll(this.#kernel, this.#epoll, 'add', fd, events);
    this.#watched.set(fd, watching);
    this.#ended ??= this.#run();
  }

  /** Stops watching a descriptor; its callback is not called again. Throws KernelError if the kernel does not know it. */
  remove(fd: number): void {
    if (!this.#watched.delete(fd)) return;
    controlEpoll(this.#kernel, this.#epoll, 'delete', fd);
  }

  /** Ends the watching; resolves when its thread has come back and its descriptors are closed. */
  async close(): Promise<void> {
    if (this.#closed) return this.#ended;
    this.#closed = true;
    this.#wakeUp();
    this.#ended ??= Promise.resolve();
    this.#ended = this.#ended.then(() => {
      closeDescriptor(this.#kernel, this.#epoll);
      closeDescriptor(this.#kernel, this.#wake);
    });
    return this.#ended;
  }

  async #run(): Promise<void> {
    // A thread that waits would keep the process from exiting.
    process.on('exit', this.#onExit);
    try {
      for (;;) {
        const ready = await waitEpoll(this.#kernel, this.#epoll, -1);
        if (this.#closed) return;
        for (const { fd, events } of ready) this.#tell(fd, events);
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      process.off('exit', this.#onExit);
    }
  }

  #tell(fd: number, events: number): void {
    try {
      this.#watched.get(fd)?.(events);
    } catch (error) {
      this.#onError(error);
    }
  }

  #wakeUp(): void {
    callOnce(this.#kernel, single('write', [this.#wake, { arena: oneAt }, 8], one), 'watcher');
  }
}

import { reason } from '../runtime/error.js';
import { keyString } from '../runtime/key.js';
import type { PublishEvent, TaskEvent } from '../task/events.js';

/** An event as it goes to containerd, with the time at which it happened. */
export interface Envelope {
  readonly namespace: string;
  readonly timestamp: Date;
  readonly event: TaskEvent;
}

/** Sends one event and waits for containerd's word that it has it. */
export type Forward = (envelope: Envelope) => Promise<void>;

export interface PublisherOptions {
  readonly forward: Forward;
  /** told about an event that is given up */
  readonly lost: (envelope: Envelope, why: string) => void;
  /** pauses before the second and later tries, in milliseconds */
  readonly pauses?: readonly number[];
  /** events that wait, over all containers, before new ones are refused */
  readonly capacity?: number;
}

export interface Publisher {
  readonly publish: PublishEvent;
  /** Resolves when every event was sent or given up; from now on nobody waits long between tries. */
  drain(): Promise<void>;
}

/** Events wait as long as a Go shim lets them: 15 s in all. */
const defaultPauses = [1000, 2000, 3000, 4000, 5000];

/**
 * A queue of events for each container: its events arrive in order, a retried one never after a later
 * one, and a container whose event is stuck holds up no other.
 */
export function createPublisher(options: PublisherOptions): Publisher {
  const { forward, lost, pauses = defaultPauses, capacity = 10_000 } = options;
  const queues = new Map<string, Envelope[]>();
  const idle = new Set<() => void>();
  const wake = new Set<() => void>();
  let waiting = 0;
  let draining = false;

  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        wake.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, draining ? Math.min(milliseconds, 200) : milliseconds);
      wake.add(finish);
    });

  const send = async (envelope: Envelope): Promise<void> => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await forward(envelope);
        return;
      } catch (error) {
        const milliseconds = pauses[attempt];
        if (milliseconds === undefined) {
          lost(envelope, `${attempt + 1} tries: ${reason(error)}`);
          return;
        }
        await pause(milliseconds);
      }
    }
  };

  const work = async (name: string, queue: Envelope[]): Promise<void> => {
    for (let envelope = queue[0]; envelope !== undefined; envelope = queue[0]) {
      await send(envelope);
      queue.shift();
      waiting -= 1;
    }
    queues.delete(name);
    if (queues.size === 0) for (const resolve of idle) resolve();
  };

  return {
    publish: (key, event) => {
      const envelope = { namespace: key.namespace, timestamp: new Date(), event };
      if (waiting >= capacity) {
        lost(envelope, `${waiting} events wait already`);
        return;
      }
      waiting += 1;
      const name = keyString(key);
      const queue = queues.get(name);
      if (queue !== undefined) {
        queue.push(envelope);
        return;
      }
      const fresh = [envelope];
      queues.set(name, fresh);
      void work(name, fresh);
    },
    drain: () => {
      draining = true;
      for (const finish of wake) finish();
      if (queues.size === 0) return Promise.resolve();
      return new Promise((resolve) => idle.add(resolve));
    },
  };
}

import type { Envelope } from '../proto/generated/messages.js';
import { EventLog as EventLogMethods } from '../proto/generated/services.js';
import { fromMilliseconds } from '../proto/timestamp.js';
import type { PublishEvent } from '../task/events.js';
import { createService, implement, type Service } from '../ttrpc/service.js';

/** Events that are kept for those who ask late. */
const capacity = 1000;

/** Events and the number of the last one, of whatever namespace. */
export interface NextEvents {
  readonly events: Envelope[];
  readonly last: number;
}

/** The last events of all containers, in the order in which they happened, numbered from 1. */
export interface EventLog {
  readonly publish: PublishEvent;
  /** Those of a namespace with a number above `after`; if there are none, it waits for one unless `signal` ends that. */
  next(namespace: string, after: number, signal?: AbortSignal): Promise<NextEvents>;
  /** How many wait. */
  readonly waiting: number;
  /** Lets all who wait go, and nobody wait from now on. */
  close(): void;
}

export function createEventLog(keep = capacity): EventLog {
  const kept: { readonly number: number; readonly envelope: Envelope }[] = [];
  const waiters = new Set<() => void>();
  let last = 0;
  let closed = false;
  const wake = (): void => {
    for (const waiter of [...waiters]) waiter();
  };
  const found = (namespace: string, after: number): NextEvents => ({
    events: kept
      .filter(({ number, envelope }) => number > after && envelope.namespace === namespace)
      .map(({ envelope }) => envelope),
    last,
  });
  return {
    publish: ({ namespace }, { topic, event }) => {
      last += 1;
      const timestamp = fromMilliseconds(Date.now());
      kept.push({ number: last, envelope: { timestamp, namespace, topic, event } });
      if (kept.length > keep) kept.shift();
      wake();
    },
    next: async (namespace, after, signal) => {
      for (;;) {
        const now = found(namespace, after);
        if (now.events.length > 0 || closed || signal === undefined || signal.aborted) return now;
        await new Promise<void>((resolve) => {
          const go = (): void => {
            waiters.delete(go);
            signal.removeEventListener('abort', go);
            resolve();
          };
          waiters.add(go);
          signal.addEventListener('abort', go);
        });
      }
    },
    get waiting() {
      return waiters.size;
    },
    close: () => {
      closed = true;
      wake();
    },
  };
}

/** @param over called when somebody who waited does so no more: the daemon may have lived for that alone */
export function eventLogService(log: EventLog, over: () => void): Service {
  return createService(EventLogMethods.name, [
    implement(EventLogMethods.methods.Next, async ({ namespace, after, wait }, context) => {
      const answer = await log.next(namespace, Number(after), wait ? context.signal : undefined);
      if (wait) over();
      return { events: answer.events, last: answer.last };
    }),
  ]);
}

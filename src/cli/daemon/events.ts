import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpack } from '../../proto/any.js';
import {
  TaskExecStarted,
  TaskExit,
  TaskOOM,
  TaskPaused,
  TaskResumed,
  TaskStart,
  type Envelope,
} from '../../proto/generated/messages.js';
import { EventLog } from '../../proto/generated/services.js';
import { toNanoseconds } from '../../proto/timestamp.js';
import { createClient, type Client } from '../../ttrpc/client.js';
import { namespace, type Places } from '../places.js';
import { isGone } from './task.js';
import { reserveIn } from './launcher.js';

/** Something that happened to a container. */
export interface Happening {
  /** milliseconds since 1970 */
  readonly at: number;
  readonly event: 'start' | 'exit' | 'exec' | 'exec-exit' | 'oom' | 'pause' | 'resume';
  /** the container's id */
  readonly id: string;
  readonly pid?: number;
  readonly exitStatus?: number;
}

/**
 * What happens to containers from now on, without end. While somebody listens the daemon lives; one that is killed is
 * followed by the next.
 */
export async function* happenings(places: Places): AsyncGenerator<Happening> {
  let client: Client | undefined;
  try {
    // Of a daemon that was just started for this there is nothing to be missed.
    let last: number | undefined;
    for (;;) {
      client ??= createClient(await findDaemon(places));
      try {
        last ??= (await next(client, 0, false)).last;
        const answer = await next(client, last, true);
        last = answer.last;
        for (const envelope of answer.events) yield* read(envelope);
      } catch (error) {
        if (!isGone(error)) throw error;
        client = undefined;
        last = 0;
      }
    }
  } finally {
    client?.close();
  }
}

async function next(
  client: Client,
  after: number,
  wait: boolean,
): Promise<{ events: readonly Envelope[]; last: number }> {
  const answer = await client.call(EventLog.name, EventLog.methods.Next, { namespace, after, wait });
  return { events: answer.events, last: Number(answer.last) };
}

/** The launcher starts daemons for bundles only: this one is of no container. */
function findDaemon(places: Places): Promise<string> {
  const bundle = join(places.data, 'events');
  mkdirSync(bundle, { recursive: true, mode: 0o700 });
  const config = join(bundle, 'config.json');
  if (!existsSync(config)) writeFileSync(config, '{}\n');
  return reserveIn(places, 'events', bundle);
}

function* read({ timestamp, topic, event }: Envelope): Generator<Happening> {
  if (timestamp === null || event === null) return;
  const at = Number(toNanoseconds(timestamp) / 1_000_000n);
  switch (topic) {
    case '/tasks/start': {
      const { containerId: id, pid } = unpack(TaskStart, event);
      yield { at, event: 'start', id, pid };
      return;
    }
    case '/tasks/exec-started': {
      const { containerId: id, pid } = unpack(TaskExecStarted, event);
      yield { at, event: 'exec', id, pid };
      return;
    }
    case '/tasks/exit': {
      const { containerId, id, pid, exitStatus } = unpack(TaskExit, event);
      yield { at, event: id === containerId ? 'exit' : 'exec-exit', id: containerId, pid, exitStatus };
      return;
    }
    case '/tasks/oom':
      yield { at, event: 'oom', id: unpack(TaskOOM, event).containerId };
      return;
    case '/tasks/paused':
      yield { at, event: 'pause', id: unpack(TaskPaused, event).containerId };
      return;
    case '/tasks/resumed':
      yield { at, event: 'resume', id: unpack(TaskResumed, event).containerId };
  }
}

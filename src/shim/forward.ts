import { Events } from '../proto/generated/services.js';
import { fromMilliseconds } from '../proto/timestamp.js';
import { createClient, type Client } from '../ttrpc/client.js';
import { ClosedError } from '../ttrpc/status.js';
import type { Envelope, Forward } from './publisher.js';

/** containerd has this long to take an event. */
const timeoutMs = 5000;

/** Sends events to containerd's ttrpc socket, over one connection that is made when first needed. */
export interface EventForwarder {
  readonly forward: Forward;
  close(): void;
}

/**
 * @param address of the socket; `unix://` in front of it is allowed, as TTRPC_ADDRESS may have it. Empty: nobody wants to
 * be told, as with `jailer`, which has no containerd.
 */
export function eventForwarder(address: string): EventForwarder {
  if (address === '') return { forward: () => Promise.resolve(), close: () => undefined };
  const path = address.replace(/^unix:\/\//, '');
  let client: Client | undefined;

  const connect = (): Client => {
    const fresh = createClient(path);
    void fresh.closed.then(() => {
      if (client === fresh) client = undefined;
    });
    client = fresh;
    return fresh;
  };

  const send = async ({ namespace, timestamp, event: { topic, event } }: Envelope): Promise<void> => {
    await (client ?? connect()).call(
      Events.name,
      Events.methods.Forward,
      {
        envelope: {
          timestamp: fromMilliseconds(timestamp.getTime()),
          namespace,
          topic,
          event: { typeUrl: event.typeUrl, value: event.value },
        },
      },
      { timeoutMs, metadata: new Map([['containerd-namespace-ttrpc', [namespace]]]) },
    );
  };

  return {
    forward: async (envelope) => {
      const reused = client !== undefined;
      try {
        await send(envelope);
      } catch (error) {
        // containerd was restarted since the last event: the connection is stale, not containerd gone.
        if (!reused || !(error instanceof ClosedError)) throw error;
        await send(envelope);
      }
    },
    close: () => {
      client?.close();
    },
  };
}

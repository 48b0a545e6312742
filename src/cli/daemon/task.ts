import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TaskV2 } from '../../proto/generated/services.js';
import type { UnaryMethod } from '../../proto/service.js';
import { createClient, type Client } from '../../ttrpc/client.js';
import { ClosedError, Code, StatusError } from '../../ttrpc/status.js';
import { bundleOf, namespace, type Places } from '../places.js';

export const methods = TaskV2.methods;

/** Calls to the daemon of one container. */
export interface Task {
  /** Fields that are left out have their default values. @throws StatusError, or ClosedError when the daemon is gone */
  call<Req extends object, Res>(method: UnaryMethod<Req, Res>, request?: Partial<Req>): Promise<Res>;
  readonly client: Client;
  close(): void;
}

const nothing = new Uint8Array();
const metadata = new Map([['containerd-namespace-ttrpc', [namespace]]]);

/** @param socket of the daemon */
export function connectTask(socket: string, id: string): Task {
  const client = createClient(socket);
  return {
    client,
    call: (method, request) =>
      client.call(TaskV2.name, method, { ...method.request.decode(nothing), id, ...request }, { metadata }),
    close: () => {
      client.close();
    },
  };
}

/** The container's daemon, as its launcher wrote it into the bundle; undefined if it was never started. */
export function findTask(places: Places, id: string): Task | undefined {
  try {
    const address = readFileSync(join(bundleOf(places, id), 'address'), 'utf8');
    return connectTask(address.replace(/^unix:\/\//, ''), id);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether the daemon says that it has no such container or process. */
export const isUnknown = (error: unknown): boolean =>
  error instanceof StatusError && error.code === Code.NotFound;

/** Whether there is no daemon to ask: its socket is gone, or nobody serves it. */
export const isGone = (error: unknown): boolean => error instanceof ClosedError;

import { OCI_PROCESS, packJson } from '../../../src/proto/any.js';
import type { CreateTaskRequest } from '../../../src/proto/generated/messages.js';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import type { Json, Service } from './service.js';

const { methods } = TaskV2;
const statusNames = ['UNKNOWN', 'CREATED', 'RUNNING', 'STOPPED', 'PAUSED', 'PAUSING'];

/** What a container, or a process in it, has come to. */
export interface Ended {
  readonly status: number;
  /** All that it wrote. */
  readonly lines: readonly string[];
}

/** What State says of a process. */
export async function stateOf({ call }: Service, id: string, execId = ''): Promise<string> {
  return statusNames[(await call(methods.State, { id, execId })).status] ?? '?';
}

/** Creates and starts a container whose program does these things, and answers its pid. */
export async function start(
  service: Service,
  id: string,
  words: readonly string[],
  members: Json = {},
  more: Partial<CreateTaskRequest> = {},
): Promise<number> {
  const pid = await service.create(id, words, members, more);
  await service.call(methods.Start, { id });
  return pid;
}

/** Waits for the end of a process, and deletes it. */
export async function end(service: Service, id: string, execId = ''): Promise<Ended> {
  const { exitStatus: status } = await service.call(methods.Wait, { id, execId });
  const lines = await service.output(id, execId).lines();
  await service.call(methods.Delete, { id, execId });
  return { status, lines };
}

/** Kills all of a container, and deletes it. */
export async function kill(service: Service, id: string): Promise<Ended> {
  await service.call(methods.Kill, { id, signal: 9, all: true });
  return end(service, id);
}

/** The whole life of a container whose program ends by itself. */
export async function lived(
  service: Service,
  words: readonly string[],
  members: Json = {},
  more: Partial<CreateTaskRequest> = {},
): Promise<Ended> {
  await start(service, 'web', words, members, more);
  return end(service, 'web');
}

/** Begins a process in a container that runs, and answers its pid. */
export async function exec(
  service: Service,
  id: string,
  execId: string,
  words: readonly string[],
  process: Json = {},
): Promise<number> {
  const spec = packJson(OCI_PROCESS, {
    cwd: '/',
    env: ['PATH=/bin'],
    ...process,
    args: ['inmate', ...words],
  });
  const terminal = process['terminal'] === true;
  await service.call(methods.Exec, { id, execId, spec, terminal });
  return (await service.call(methods.Start, { id, execId })).pid;
}

/** `process` of a spec, in place of the usual one. */
export function processOf(words: readonly string[], members: Json): Json {
  return { process: { cwd: '/', env: ['PATH=/bin'], args: ['inmate', ...words], ...members } };
}

/** Has containers removed by what their daemon has written down alone, as if it had been killed, and waits for their ends. */
export async function removeLeftOvers(
  { call, leftOvers }: Service,
  ...ids: readonly string[]
): Promise<void> {
  for (const id of ids) await leftOvers.clear({ namespace: 'default', id });
  for (const id of ids) {
    const { exitStatus } = await call(methods.Wait, { id });
    if (exitStatus !== 137) throw new Error(`${id} ended with ${exitStatus}`);
  }
}

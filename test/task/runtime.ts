import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pack } from '../../src/proto/any.js';
import { Metrics } from '../../src/proto/generated/cgroups-v2.js';
import { RuntimeError } from '../../src/runtime/error.js';
import type { Journal } from '../../src/runtime/journal.js';
import { keyString, type ContainerKey } from '../../src/runtime/key.js';
import type {
  CreateRequest,
  ExecRequest,
  Runtime,
  RuntimeContainer,
  RuntimeProcess,
  TypedBytes,
} from '../../src/runtime/runtime.js';
import type { ProcessSpec, Resources } from '../../src/runtime/spec.js';
import { type Child, sessionPids, signalPids, startChild } from './child.js';
import { Gates } from './gates.js';

/** Where a call of a runtime can be held: before its work, or (past tense) when it is done but not answered. */
export type Step =
  | 'create'
  | 'created'
  | 'start'
  | 'started'
  | 'exec'
  | 'execed'
  | 'pause'
  | 'paused'
  | 'resume'
  | 'signalAll'
  | 'update'
  | 'remove'
  | 'removed'
  | 'cleanUp';

export interface RuntimeSettings {
  /** what containers say of themselves; the processes of a session do not end with its leader */
  readonly endsWithInit?: boolean;
}

/** A runtime whose containers are plain processes of this host, without any wall around them. */
export class ProcessRuntime implements Runtime {
  readonly name = 'processes';
  readonly gates = new Gates<Step>();
  readonly containers = new Map<string, ProcessContainer>();
  readonly requests: CreateRequest[] = [];
  /** containers that were cleaned up without a daemon that knew them */
  readonly cleaned: string[] = [];
  readonly #settings: RuntimeSettings;

  constructor(settings: RuntimeSettings = {}) {
    this.#settings = settings;
  }

  async create(request: CreateRequest): Promise<RuntimeContainer> {
    this.requests.push(request);
    await this.gates.pass('create');
    const args = argsOf(request.spec.process);
    checkProgram(args[0] ?? '');
    const init = await startChild(args, request.stdio, true);
    request.journal.making('process', init.pid);
    const container = new ProcessContainer(init, this.gates, this.#settings, () => {
      this.containers.delete(keyString(request.key));
    });
    this.containers.set(keyString(request.key), container);
    await this.gates.pass('created');
    return container;
  }

  async cleanUp(key: ContainerKey, _bundle: string, journal: Journal): Promise<void> {
    await this.gates.pass('cleanUp');
    const pids = journal.entries().map(({ detail }) => Number(detail));
    signalPids(sessionPids(pids), 'SIGKILL');
    this.cleaned.push(keyString(key));
  }

  features(): Promise<unknown> {
    return Promise.resolve({ ociVersionMin: '1.0.0', ociVersionMax: '1.3.0' });
  }

  /** The container of this id, whatever its namespace. */
  get(id: string): ProcessContainer {
    const found = [...this.containers].find(([name]) => name.endsWith(`/${id}`));
    if (found === undefined) throw new Error(`no container ${id} in the runtime`);
    return found[1];
  }
}

export class ProcessContainer implements RuntimeContainer {
  readonly init: Child;
  readonly endsWithInit: boolean;
  readonly updates: Resources[] = [];
  /** how often each was asked for */
  readonly calls = { resume: 0, remove: 0 };
  readonly #gates: Gates<Step>;
  readonly #processes: Child[];
  readonly #removed: () => void;
  #outOfMemory = false;
  #tell: () => void = () => undefined;

  constructor(init: Child, gates: Gates<Step>, settings: RuntimeSettings, removed: () => void) {
    this.init = init;
    this.endsWithInit = settings.endsWithInit ?? false;
    this.#gates = gates;
    this.#processes = [init];
    this.#removed = removed;
  }

  async start(): Promise<void> {
    await this.#gates.pass('start');
    this.init.go();
    await this.#gates.pass('started');
  }

  async exec({ process, stdio }: ExecRequest): Promise<RuntimeProcess> {
    await this.#gates.pass('exec');
    const child = await startChild(argsOf(process), stdio, false);
    this.#processes.push(child);
    await this.#gates.pass('execed');
    return child;
  }

  async signalAll(signal: number): Promise<void> {
    await this.#gates.pass('signalAll');
    if (signal > 64) throw new RuntimeError('invalid', `signal ${signal} is none of 1 to 64`);
    signalPids(this.#alive(), signal);
  }

  pids(): Promise<number[]> {
    return Promise.resolve(this.#alive());
  }

  async pause(): Promise<void> {
    await this.#gates.pass('pause');
    signalPids(this.#alive(), 'SIGSTOP');
    await this.#gates.pass('paused');
  }

  async resume(): Promise<void> {
    this.calls.resume += 1;
    await this.#gates.pass('resume');
    signalPids(this.#alive(), 'SIGCONT');
  }

  async update(resources: Resources): Promise<void> {
    await this.#gates.pass('update');
    this.updates.push(resources);
  }

  stats(): Promise<TypedBytes> {
    const current = this.#alive().length;
    if (current === 0) return Promise.reject(new RuntimeError('not-found', 'no process to measure'));
    return Promise.resolve(pack(Metrics, { pids: { current, limit: 0 } }));
  }

  outOfMemory(): boolean {
    const was = this.#outOfMemory;
    this.#outOfMemory = false;
    return was;
  }

  onOutOfMemory(listener: () => void): void {
    this.#tell = listener;
  }

  async remove(): Promise<void> {
    this.calls.remove += 1;
    await this.#gates.pass('remove');
    signalPids(this.#alive(), 'SIGKILL');
    await Promise.all(this.#processes.map(({ exited }) => exited));
    this.#removed();
    await this.#gates.pass('removed');
  }

  /** The kernel has killed a process for memory: it tells at once, or is asked at the exit of init. */
  runOutOfMemory(tells: 'at once' | 'when asked'): void {
    if (tells === 'at once') this.#tell();
    else this.#outOfMemory = true;
  }

  #alive(): number[] {
    return sessionPids(this.#processes.map(({ pid }) => pid));
  }
}

function argsOf(process: ProcessSpec): string[] {
  return process.document['args'] as string[];
}

function checkProgram(file: string): void {
  const path = (process.env['PATH'] ?? '').split(':');
  const candidates = file.includes('/') ? [file] : path.map((folder) => join(folder, file));
  if (!candidates.some((candidate) => existsSync(candidate))) {
    throw new RuntimeError('failed', `exec: ${JSON.stringify(file)}: executable file not found in $PATH`);
  }
}

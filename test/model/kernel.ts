import { AgentGone } from '../../src/kernel/agent.js';
import { checkBatch } from '../../src/kernel/batch.js';
import { errnoNumber } from '../../src/kernel/errno.js';
import { KernelError, stoppedBy } from '../../src/kernel/error.js';
import type { Answer, Argument, Batch, Call, CallResult, Kernel } from '../../src/kernel/kernel.js';
import { calls } from './calls.js';
import { Failure } from './failure.js';
import type { FaultPlan } from './faults.js';
import { collectJails } from './life.js';
import { Memory } from './memory.js';
import type { Process } from './process.js';
import { Arguments } from './system-call.js';
import type { System } from './system.js';

/** A process of the simulated system, through which batches are answered while it runs the program that it runs now. */
export class ModelKernel implements Kernel {
  readonly platform = 'freebsd';
  readonly process: Process;
  readonly #program: Process['executed'];
  readonly #system: System;
  readonly #faults: FaultPlan;

  constructor(system: System, process: Process, faults: FaultPlan) {
    this.#system = system;
    this.process = process;
    this.#program = process.executed;
    this.#faults = faults;
  }

  run(batch: Batch): Promise<Answer> {
    return new Promise((resolve) => {
      resolve(this.runSync(batch));
    });
  }

  /** Runs the batch now. A ModelPanic is thrown as it is. */
  runSync(batch: Batch): Answer {
    this.#checkCallable();
    checkBatch(batch);
    this.#faults.moment();
    const memory = new Memory(batch.arena, batch.fixups);
    const results: CallResult[] = [];
    for (const call of batch.calls) {
      const result = this.#call(call, memory, results);
      results.push(result);
      if (!isLook(call)) this.#faults.moment();
      this.#checkCallable();
      if (result.errno !== 0 && call.mayFail !== true) break;
    }
    return { arena: memory.bytes, results };
  }

  get pid(): number {
    return this.process.pid;
  }

  /** Makes a child of the process: fork(2). */
  fork(): Promise<ModelKernel> {
    return new Promise((resolve) => {
      this.#checkCallable();
      resolve(new ModelKernel(this.#system, this.#forked(), this.#faults));
    });
  }

  /** @throws KernelError as for an agent that cannot fork */
  #forked(): Process {
    try {
      return this.#system.processes.fork(this.process);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const errno = errnoNumber('freebsd', error.code);
      throw new KernelError({ platform: this.platform, call: 'fork', object: `agent ${this.pid}`, errno });
    }
  }

  /** Runs a batch whose last call makes the process another program, as AgentKernel has it. */
  async become(batch: Batch, object: string): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.run(batch);
    } catch (error) {
      if (error instanceof AgentGone && error.byAgent && this.process.executed !== undefined) return;
      throw error;
    }
    const failure = stoppedBy(batch, answer);
    if (failure !== undefined) throw new KernelError({ platform: this.platform, object, ...failure });
    throw new Error(`model: ${object}: the batch has ended and it is no other program`);
  }

  /** Ends the process, as a program does that returns. */
  close(): void {
    this.#system.processes.end(this.process, 0);
    collectJails(this.#system);
  }

  #checkCallable(): void {
    if (!this.process.alive) throw new AgentGone(`model: process ${this.process.pid} has ended`, true);
    if (this.process.executed !== this.#program)
      throw new AgentGone(`model: process ${this.process.pid} runs another program`, true);
    if (this.process.state === 'stopped') {
      throw new Error(`model: process ${this.process.pid} is stopped, and would not answer`);
    }
  }

  #call({ symbol, args }: Call, memory: Memory, results: readonly CallResult[]): CallResult {
    const call = calls[symbol];
    if (call === undefined) throw new RangeError(`${symbol}: not a call of the model`);
    const fault = this.#faults.next(symbol);
    try {
      if (fault === undefined || symbol === 'close') {
        const integers = args.map((argument) => integer(argument, memory, results));
        const context = { system: this.#system, process: this.process, memory };
        const value = call(context, new Arguments(integers));
        if (fault === undefined) return { value: BigInt(value), errno: 0 };
      }
      return { value: -1n, errno: errnoNumber('freebsd', fault ?? '') };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { value: -1n, errno: errnoNumber('freebsd', error.code) };
    } finally {
      collectJails(this.#system);
      this.#system.settle();
    }
  }
}

/** Calls that leave nothing which outlives the process that makes them. */
const looks = new Set([
  ...[
    'close',
    'faccessat',
    'fchdir',
    'fstat',
    'fstatat',
    'fstatfs',
    'getdirentries',
    'getfsstat',
    'jail_get',
  ],
  ...[
    'modfind',
    'poll',
    'read',
    'readlinkat',
    'rctl_get_rules',
    'rctl_get_racct',
    'socket',
    'statfs',
    'sysctl',
  ],
]);

function isLook({ symbol, args }: Call): boolean {
  if (symbol !== 'openat') return looks.has(symbol);
  const flags = args[2];
  return typeof flags === 'number' && (flags & createFlag) === 0;
}

// O_CREAT of fcntl.h
const createFlag = 0x200;

function integer(argument: Argument, memory: Memory, results: readonly CallResult[]): bigint {
  if (typeof argument !== 'object') return BigInt(argument);
  if ('arena' in argument) return memory.addressOf(argument.arena);
  return results[argument.result]?.value ?? -1n;
}

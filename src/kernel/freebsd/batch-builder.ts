import { Arena, type Span } from '../arena.js';
import type { Bindings } from '../bindings/types.js';
import { KernelError } from '../error.js';
import type { Answer, Argument, Batch, Call } from '../kernel.js';
import { readText } from '../layout.js';
import { checkInteger } from './check.js';

/** The value of a call in the batch, as an argument of a later one. */
export interface ResultOf {
  readonly result: number;
}

/** What came of a batch. */
export interface Outcome {
  /** The arena as the calls left it. */
  readonly arena: Uint8Array;
  /** What a call returned. */
  readonly valueOf: (call: ResultOf) => number;
  /** Why a call that may fail failed, or undefined if it did not. */
  readonly errorOf: (call: ResultOf) => KernelError | undefined;
}

/** A part of a batch that does one thing: one kernel service, often one call. */
export interface Step<T> {
  /** The value of its main call, to be used by later calls of the same batch. */
  readonly value: ResultOf;
  /** What it answers, once the batch has run. */
  decode(outcome: Outcome): T;
}

/** What is said of a call when it fails. */
export interface CallContext {
  /** What it is about, in the words of the field: "jail c1", "interface epair0a", a path. */
  readonly object: string;
  /** Where the kernel leaves its own words: the errmsg of jail_set(2) and nmount(2). */
  readonly errmsg?: Span;
}

/** Which arguments of a call are descriptors, or AT_FDCWD: the first one, where nothing else is said. */
const descriptorArguments: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ...[
    ...[
      'bind',
      'close',
      'faccessat',
      'fchdir',
      'fcntl',
      'flock',
      'fchmodat',
      'fchownat',
      'fstat',
      'fstatat',
      'fstatfs',
      'getdirentries',
    ],
    ...['ioctl', 'kevent', 'mkdirat', 'mkfifoat', 'openat', 'read', 'readlinkat', 'recvmsg', 'sendmsg'],
    ...['unlinkat', 'write', 'chflagsat', 'mknodat', 'utimensat'],
  ].map((symbol) => [symbol, [0]] as const),
  ['dup2', [0, 1]],
  ['linkat', [0, 2]],
  ['renameat', [0, 2]],
  ['symlinkat', [1]],
]);

/**
 * Puts a batch together out of steps. The functions of this folder that take a builder only add to it: nothing is
 * called, and bad input is refused with a RangeError that names it. `run` has the batch made.
 *
 * Descriptors that a batch needs only for itself are closed at its end by `run`, and all that it opened after its failure.
 */
export class BatchBuilder {
  readonly arena = new Arena(1024);
  readonly bindings: Bindings;
  readonly #calls: Call[] = [];
  readonly #contexts: CallContext[] = [];
  readonly #temporary: ResultOf[] = [];
  readonly #opened: ResultOf[] = [];
  readonly #sockets = new Map<string, ResultOf>();
  #attempts = 0;

  constructor(bindings: Bindings) {
    this.bindings = bindings;
  }

  /** Adds a call; a RangeError if a descriptor can be none. The batch stops if it fails, unless it is part of an `attempt`. */
  call(symbol: string, args: readonly Argument[], context: CallContext): ResultOf {
    for (const index of descriptorArguments.get(symbol) ?? []) this.#checkDescriptor(args[index]);
    this.#contexts.push(context);
    this.#calls.push(this.#attempts > 0 ? { symbol, args, mayFail: true } : { symbol, args });
    return { result: this.#calls.length - 1 };
  }

  /**
   * Adds a step that may fail without stopping the batch; then it answers the error. If the step has several calls,
   * all of them are made, whatever became of the earlier ones.
   */
  attempt<T>(add: () => Step<T>): Step<T | KernelError> {
    const first = this.#calls.length;
    this.#attempts++;
    const step = add();
    this.#attempts--;
    const end = this.#calls.length;
    return {
      value: step.value,
      decode: (outcome) => {
        for (let result = first; result < end; result++) {
          const error = outcome.errorOf({ result });
          if (error !== undefined) return error;
        }
        return step.decode(outcome);
      },
    };
  }

  /** Has the descriptor that a call returns closed when the batch is over. */
  temporary(descriptor: ResultOf): ResultOf {
    this.#temporary.push(descriptor);
    return descriptor;
  }

  /** Has the descriptor that a call returns closed if the batch fails: then nobody is told of it. */
  forCaller(descriptor: ResultOf): ResultOf {
    this.#opened.push(descriptor);
    return descriptor;
  }

  /** A socket to make requests of the network stack with, the same one for all steps that ask for its kind. */
  socket(domain: 'AF_INET' | 'AF_INET6' | 'AF_LOCAL' | 'AF_ROUTE'): ResultOf {
    // A socket opened within an attempt may not be there for steps outside of it.
    const key = `${domain} ${this.#attempts > 0 ? this.#calls.length : ''}`;
    const known = this.#sockets.get(key);
    if (known !== undefined) return known;
    const { constants: c } = this.bindings;
    const type = (domain === 'AF_ROUTE' ? c.SOCK_RAW : c.SOCK_DGRAM) | c.SOCK_CLOEXEC;
    const socket = this.temporary(this.call('socket', [c[domain], type, 0], { object: `${domain} socket` }));
    this.#sockets.set(key, socket);
    return socket;
  }

  /** The batch of all that was added. */
  batch(): Batch {
    const closes = this.#temporary.map((descriptor): Call => {
      return { symbol: 'close', args: [descriptor], mayFail: true };
    });
    return this.arena.batch([...this.#calls, ...closes]);
  }

  /** What the steps decode an answer with. */
  outcome(answer: Answer): Outcome {
    return {
      arena: answer.arena,
      valueOf: ({ result }) => {
        const found = answer.results[result];
        if (found === undefined) throw new Error(`${this.#calls[result]?.symbol ?? 'call'}: no result`);
        return Number(found.value);
      },
      errorOf: ({ result }) => {
        const errno = answer.results[result]?.errno ?? 0;
        return errno === 0 ? undefined : this.#error(result, errno, answer.arena);
      },
    };
  }

  /** The failure that stopped the batch, or undefined if all of it was called. */
  failure(answer: Answer): KernelError | undefined {
    const last = answer.results.length - 1;
    const errno = answer.results[last]?.errno ?? 0;
    const call = this.#calls[last];
    return errno === 0 || call === undefined || call.mayFail === true
      ? undefined
      : this.#error(last, errno, answer.arena);
  }

  /** The descriptors that a batch left open because it stopped. */
  leftOpen({ results }: Answer): number[] {
    const left = new Set([...this.#temporary, ...this.#opened].map(({ result }) => result));
    for (const { symbol, args } of this.#calls.slice(0, results.length)) {
      const [fd] = args;
      if (symbol === 'close' && typeof fd === 'object' && 'result' in fd) left.delete(fd.result);
    }
    return [...left]
      .map((result) => results[result])
      .filter((found) => found !== undefined && found.errno === 0)
      .map((found) => Number(found?.value));
  }

  #checkDescriptor(descriptor: Argument | undefined): void {
    if (typeof descriptor !== 'number' || descriptor === this.bindings.constants.AT_FDCWD) return;
    checkInteger('descriptor', descriptor, 0, 0x7fff_ffff);
  }

  #error(index: number, errno: number, arena: Uint8Array): KernelError {
    const { object, errmsg } = this.#contexts[index] ?? { object: 'descriptor' };
    const detail = errmsg === undefined ? '' : readText(arena, errmsg.offset, errmsg.length);
    const call = this.#calls[index]?.symbol ?? 'close';
    return new KernelError({ platform: 'freebsd', call, object, errno, detail });
  }
}

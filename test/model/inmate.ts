import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { AgentGone } from '../../src/kernel/agent.js';
import { errnoNumber } from '../../src/kernel/errno.js';
import { isKernelError } from '../../src/kernel/error.js';
import type { BatchBuilder, Step } from '../../src/kernel/freebsd/batch-builder.js';
import { close, open, read, write } from '../../src/kernel/freebsd/file.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { WouldBlock } from './blocking.js';
import { exitProgram } from './execve.js';
import { Failure } from './failure.js';
import { FaultPlan } from './faults.js';
import { sights, type Sight } from './inmate-sight.js';
import { ModelKernel } from './kernel.js';
import type { Model } from './model.js';
import type { Process } from './process.js';

/** By what a file is known to be the test program native/inmate.c, for whichever system it was built. */
const mark = Buffer.from('usage: inmate ');

/** How much the program writes at once, in bytes. */
const lineLength = 8192;

/** How long what waits here sleeps before it looks again, in milliseconds. */
const moment = 2;

/**
 * Has processes that run native/inmate.c do what it does, by calls of the model: a kernel that runs nothing would
 * leave them where they are.
 *
 * @param happened told when one has done something that others may wait for
 * @param broken told of what no program comes to
 */
export function playInmates(
  { system }: Pick<Model, 'system'>,
  happened: () => void,
  broken: (error: unknown) => void,
): void {
  system.processes.listen((process, event) => {
    if (event === 'executed' && process.image?.includes(mark) === true) play(process, happened).catch(broken);
  });
}

async function play(process: Process, happened: () => void): Promise<void> {
  const inmate = new Inmate(process, happened);
  const words = process.executed?.argv.slice(1) ?? [];
  await nextTurn();
  try {
    while (process.alive && words.length > 0) await inmate.act(words.shift() ?? '', words);
    await inmate.exit(0);
  } catch (error) {
    // It was killed.
    if (!(error instanceof AgentGone)) throw error;
  }
}

/** Makes the calls of a process that runs a program, when it is not stopped. */
function programKernel(process: Process, happened: () => void): Kernel {
  const kernel = new ModelKernel(process.system, process, new FaultPlan());
  return {
    platform: kernel.platform,
    run: async (batch) => {
      while (process.state === 'stopped') await sleep(moment);
      const answer = await kernel.run(batch);
      happened();
      return answer;
    },
    close: () => undefined,
  };
}

class Inmate implements Sight {
  readonly process: Process;
  readonly kernel: Kernel;
  readonly bindings: Sight['bindings'];

  constructor(process: Process, happened: () => void) {
    this.process = process;
    this.kernel = programKernel(process, happened);
    this.bindings = process.system.bindings;
  }

  async act(word: string, words: string[]): Promise<void> {
    const see = sights[word];
    if (see !== undefined) {
      await this.#say(await see(this));
      return;
    }
    switch (word) {
      case 'read':
        return this.#copyInput();
      case 'stay':
        // Until it is killed, of which a process is not told.
        return new Promise(() => undefined);
      case 'create':
      case 'open':
        return this.#touch(word, words.shift() ?? '');
      case 'write':
        return this.#write(Number(words.shift()));
      case 'children':
        return this.#makeChildren(this.process, Number(words.shift()));
      case 'orphans':
        return this.#makeOrphans(Number(words.shift()));
      case 'wait':
        return this.#wait(Number(words.shift()));
      case 'sleep':
        return sleep(Number(words.shift()), undefined, { ref: false });
      case 'exit':
        return this.exit(Number(words.shift()));
      default:
        return this.exit(64);
    }
  }

  async exit(code: number): Promise<void> {
    if (!this.process.alive) return;
    await run(this, (b) => ({
      value: b.call('_exit', [code], { object: 'program' }),
      decode: () => undefined,
    }));
  }

  async #say(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.#put(Buffer.from(`${lines.join('\n')}\n`));
  }

  /** Whoever nobody listens to ends. */
  async #put(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength; at += lineLength) {
      const part = bytes.subarray(at, at + lineLength);
      const written = await this.#whenPossible((b) => b.attempt(() => write(b, 1, part, 'output')));
      if (isKernelError(written)) await this.exit(126);
    }
  }

  async #copyInput(): Promise<void> {
    for (;;) {
      const bytes = await this.#whenPossible((b) => read(b, 0, 4096, 'input'));
      await this.#put(bytes.byteLength === 0 ? Buffer.from('\n') : bytes);
      if (bytes.byteLength === 0) return;
    }
  }

  /** Has a call made that may wait. Rejects with AgentGone for a process that was killed meanwhile. */
  async #whenPossible<T>(build: (b: BatchBuilder) => Step<T>): Promise<T> {
    for (;;) {
      try {
        return await run(this, build);
      } catch (error) {
        if (!(error instanceof WouldBlock)) throw error;
        await sleep(moment);
      }
    }
  }

  async #touch(word: 'create' | 'open', path: string): Promise<void> {
    const options =
      word === 'create'
        ? { access: 'write' as const, create: { mode: 0o644, exclusive: true } }
        : { access: 'read and write' as const };
    const opened = await run(this, (b) => b.attempt(() => open(b, path, options)));
    if (!isKernelError(opened)) await run(this, (b) => close(b, opened));
    const said = isKernelError(opened) ? `errno ${opened.errno}` : 'done 0';
    await this.#say([`${word} ${path} ${said}`]);
  }

  async #write(length: number): Promise<void> {
    const line = `${'0123456789abcdef'.repeat(4).slice(0, 63)}\n`;
    const whole = Buffer.alloc(length, line);
    if (length > 0) whole[length - 1] = 0x0a;
    await this.#put(whole);
  }

  async #makeChildren(parent: Process, count: number): Promise<void> {
    for (let made = 0; made < count; made++)
      await this.#say([`child ${this.#fork(parent)?.pid ?? this.#full}`]);
  }

  get #full(): string {
    return `errno ${errnoNumber('freebsd', 'EAGAIN')}`;
  }

  async #makeOrphans(count: number): Promise<void> {
    const parent = this.#fork(this.process);
    if (parent === undefined) return;
    await this.#makeChildren(parent, count);
    exitProgram(parent, 0);
    this.process.system.processes.collect(parent);
  }

  /** Undefined if there may be no more. */
  #fork(parent: Process): Process | undefined {
    const { processes } = this.process.system;
    try {
      const child = processes.fork(parent);
      child.executed = this.process.executed;
      return child;
    } catch (error) {
      if (error instanceof Failure) return undefined;
      throw error;
    }
  }

  /** Resolves when it has come; not at all for a process that was killed meanwhile. */
  async #wait(signal: number): Promise<void> {
    const came = new Promise<void>((resolve) => {
      this.process.caught = (each) => {
        if (each === signal) resolve();
        return each === signal;
      };
    });
    await this.#say([`waiting ${signal}`]);
    await came;
    await this.#say([`signal ${signal}`]);
  }
}

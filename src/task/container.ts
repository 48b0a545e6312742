import { RuntimeError, reason } from '../runtime/error.js';
import type { ContainerKey } from '../runtime/key.js';
import type { Exit, RuntimeContainer, RuntimeProcess, TypedBytes } from '../runtime/runtime.js';
import type { ProcessSpec, Resources } from '../runtime/spec.js';
import { execAdded, execStarted, exited, oom, paused, resumed, started, deleted } from './event-messages.js';
import type { PublishEvent, TaskEvent } from './events.js';
import { within } from './limit.js';
import { Exec } from './exec.js';
import { Pause, type PauseState } from './pause.js';
import type { Process, StdioPaths } from './process.js';
import { processStdio } from './runtime-stdio.js';
import { alreadyExists, failedPrecondition, invalidArgument, notFound } from './status.js';
import type { Stdio } from './stdio/stdio.js';

export interface ContainerLogger {
  warn(key: ContainerKey, message: string): void;
}

/** What a container needs from around it. */
export interface ContainerHost {
  readonly publish: PublishEvent;
  readonly logger: ContainerLogger;
  openStdio(execId: string, paths: StdioPaths): Promise<Stdio>;
}

/** Delete waits this long for output that something outside the container still holds open. */
const drainLimit = 10_000;
/** containerd's `delete` has 5 s in all, and no client that waits for the output */
const forcedDrainLimit = 1_000;
/** The exit of init is held back this long for the exits of execs, which the kernel is killing by then. */
const execExitLimit = 30_000;
const sigkill = 9;
/** Linux ends at 64, FreeBSD at 128 (SIGRTMAX of each); the runtime knows which it has. */
const greatestSignal = 128;

/**
 * A container from Create to Delete, with its execs.
 *
 * Three rules keep the order of events that containerd relies upon. The start event of a process is
 * published before its exit is looked at. The exit of init waits for those of the execs, and once init
 * is gone no exec starts. And what changes the whole container (start, pause, delete, …) is done one
 * after the other, while State, Pids, Kill and Wait never wait for any of it.
 */
export class Container {
  readonly key: ContainerKey;
  readonly bundle: string;
  readonly init: Process;
  readonly #runtime: RuntimeContainer;
  readonly #pause: Pause;
  readonly #host: ContainerHost;
  readonly #execs = new Map<string, Process>();
  /** launches of execs that have not ended, and exits that are being published */
  readonly #execWork = new Set<Promise<void>>();
  #initGone = false;
  /** the runtime has removed it; only the records may still know it */
  #dismantled = false;
  #removed = false;
  #starting: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    key: ContainerKey,
    bundle: string,
    init: Process,
    runtime: RuntimeContainer,
    host: ContainerHost,
  ) {
    this.key = key;
    this.bundle = bundle;
    this.init = init;
    this.#runtime = runtime;
    this.#host = host;
    this.#pause = new Pause(runtime, () => {
      if (!this.#initGone) this.#publish(resumed(key));
    });
    runtime.onOutOfMemory(() => {
      this.#publish(oom(this.key));
    });
  }

  /** Begins to look at the exit of init; called once the create event is on its way. */
  watch(): void {
    void this.#runtime.init.exited.then((exit) => this.#initExited(exit));
  }

  /** @throws StatusError NotFound */
  process(execId: string): Process {
    const process = execId === '' ? this.init : this.#execs.get(execId);
    if (process === undefined) throw notFound(`exec ${execId} of container ${this.key.id} not found`);
    return process;
  }

  get pause(): PauseState {
    return this.#pause.state;
  }

  async start(execId: string): Promise<number> {
    return execId === '' ? this.#serially(() => this.#startInit()) : this.#startExec(this.process(execId));
  }

  /** Registers an exec; its stdio is opened and the process made by Start. */
  exec(execId: string, spec: ProcessSpec, paths: StdioPaths): void {
    if (this.#execs.has(execId)) {
      throw alreadyExists(`exec ${execId} of container ${this.key.id} already exists`);
    }
    if (this.#initGone || this.init.state === 'stopped') {
      throw failedPrecondition(`container ${this.key.id} is stopped: nothing can be executed in it`);
    }
    if (this.#pause.state !== 'no') {
      throw failedPrecondition(`container ${this.key.id} is paused: nothing can be executed in it`);
    }
    this.#execs.set(execId, new Exec(execId, paths, spec));
    this.#publish(execAdded(this.key, execId));
  }

  async kill(execId: string, signal: number, all: boolean): Promise<void> {
    const process = this.process(execId);
    // What it printed may be seen before Start is answered, so a signal may come while it is being started.
    if (process instanceof Exec) await process.starting;
    if (process.state === 'stopped') throw notFound(`process of ${this.#name(process)} already finished`);
    if (process.launched === undefined) {
      throw failedPrecondition(`process of ${this.#name(process)} is not started`);
    }
    if (signal < 1 || signal > greatestSignal) throw invalidArgument(`signal ${signal} does not exist`);
    await this.#signal(process, process.launched, signal, all && execId === '');
  }

  async #signal(process: Process, launched: RuntimeProcess, signal: number, all: boolean): Promise<void> {
    if (all) await this.#runtime.signalAll(signal);
    else await launched.signal(signal);
    // A frozen process dies only when it is thawed, and one may be frozen after the signal was sent.
    if (signal === sigkill && process === this.init && this.#pause.state !== 'no') {
      await this.#serially(() => this.#thawToDie());
    }
  }

  resizePty(execId: string, width: number, height: number): void {
    const process = this.process(execId);
    if (process.state === 'stopped') throw failedPrecondition(`${this.#name(process)} is stopped`);
    process.resize(width, height);
  }

  closeStdin(execId: string): void {
    this.process(execId).closeStdin();
  }

  /** The pids of all processes, with the exec id of those that Exec started. */
  async pids(): Promise<{ pid: number; execId: string }[]> {
    const live = [...this.#execs.values()].filter(({ state }) => state !== 'stopped');
    const execIds = new Map(live.map((exec) => [exec.pid, exec.execId]));
    const pids = await this.#runtime.pids();
    return pids.map((pid) => ({ pid, execId: execIds.get(pid) ?? '' }));
  }

  pauseAll(): Promise<void> {
    return this.#serially(async () => {
      if (this.init.state !== 'running' || this.#pause.state !== 'no') {
        throw failedPrecondition(
          `container ${this.key.id} is ${this.#status()}: only a running one is paused`,
        );
      }
      await this.#pause.freeze();
      if (this.#initGone) {
        await this.#thawToDie();
        throw failedPrecondition(`container ${this.key.id} ended while it was paused`);
      }
      this.#publish(paused(this.key));
    });
  }

  resume(): Promise<void> {
    return this.#serially(async () => {
      if (this.#pause.state !== 'paused') {
        throw failedPrecondition(
          `container ${this.key.id} is ${this.#status()}: only a paused one is resumed`,
        );
      }
      await this.#pause.thaw();
    });
  }

  /** Ends a pause so that a signal takes effect; one that had its effect already needs no more. */
  async #thawToDie(): Promise<void> {
    if (this.#pause.state !== 'paused') return;
    try {
      await this.#pause.thaw();
    } catch (error) {
      if (!this.#initGone) throw error;
    }
    if (this.#initGone) this.#pause.end();
  }

  update(resources: Resources): Promise<void> {
    return this.#serially(async () => {
      if (this.#initGone) throw failedPrecondition(`container ${this.key.id} is stopped`);
      await this.#runtime.update(resources);
    });
  }

  stats(): Promise<TypedBytes> {
    return this.#runtime.stats();
  }

  /** Forgets an exec that does not run. */
  async deleteExec(execId: string): Promise<Process> {
    const exec = this.process(execId);
    if (exec instanceof Exec) await exec.starting;
    if (exec.state === 'running') {
      throw new RuntimeError('failed', `cannot delete a running process (${this.#name(exec)})`);
    }
    if (this.#execs.get(execId) !== exec) throw notFound(`exec ${execId} of ${this.key.id} not found`);
    this.#execs.delete(execId);
    exec.abandon();
    await this.#closeStdio(exec);
    return exec;
  }

  /**
   * Removes the container with all that was made for it; `force` kills one that runs. A failure leaves it
   * in place, so that Delete can be called again. `forget` is run when nothing is left, before the delete event.
   */
  remove(forget: () => void, force = false): Promise<Process> {
    return this.#serially(async () => {
      if (this.#removed) throw notFound(`container ${this.key.id} not found`);
      if (this.init.state === 'running' && !force) {
        throw new RuntimeError('failed', `cannot delete a running process (container ${this.key.id})`);
      }
      if (this.init.state === 'running') await this.#killAll();
      if (this.init.state === 'created') await this.#killInit();
      await this.init.ended;
      const execs = [...this.#execs.values()];
      // The output has its own time, and none of that of the clean-up: who asked for this may not wait for both.
      const limit = force ? forcedDrainLimit : drainLimit;
      const closing = Promise.all([this.init, ...execs].map((process) => this.#closeStdio(process, limit)));
      try {
        if (!this.#dismantled) await this.#runtime.remove();
        this.#dismantled = true;
      } finally {
        await closing;
      }
      forget();
      this.#removed = true;
      for (const exec of execs) exec.abandon();
      this.#publish(deleted(this.key, this.init));
      return this.init;
    });
  }

  async #killAll(): Promise<void> {
    try {
      await this.#runtime.signalAll(sigkill);
    } catch (error) {
      this.#host.logger.warn(this.key, `cannot kill all processes: ${reason(error)}`);
    }
    await this.#killInit();
    await this.#thawToDie();
  }

  async #killInit(): Promise<void> {
    try {
      await this.#runtime.init.signal(sigkill);
    } catch (error) {
      // Gone before its exit was told: that comes.
      if (!(error instanceof RuntimeError && error.kind === 'not-found')) throw error;
    }
  }

  async #startInit(): Promise<number> {
    if (this.#removed) throw notFound(`container ${this.key.id} not found`);
    if (this.init.state !== 'created') {
      throw new RuntimeError(
        'failed',
        `container ${this.key.id} is ${this.#status()}, it was started before`,
      );
    }
    if (this.#initGone) throw failedPrecondition(`init process of ${this.key.id} is gone`);
    const starting = this.#runtime.start().then(() => {
      this.init.running();
      this.#publish(started(this.key, this.init.pid));
    });
    this.#starting = starting.catch(() => undefined);
    await starting;
    return this.init.pid;
  }

  async #startExec(process: Process): Promise<number> {
    if (!(process instanceof Exec)) throw new TypeError(`${process.execId} is no exec`);
    if (this.#initGone || this.init.state !== 'running') {
      throw failedPrecondition(`init process of container ${this.key.id} is not running`);
    }
    if (process.state === 'created' && this.#pause.state !== 'no') {
      throw failedPrecondition(`container ${this.key.id} is paused: nothing can be executed in it`);
    }
    if (process.state !== 'created' || process.starting !== undefined) {
      throw new RuntimeError('failed', `${this.#name(process)} was started before`);
    }
    const launch = this.#launch(process);
    process.starting = launch.catch(() => undefined);
    this.#track(launch.then(() => undefined));
    await launch;
    return process.pid;
  }

  async #launch(exec: Exec): Promise<void> {
    let stdio: Stdio | undefined;
    let launched: RuntimeProcess;
    try {
      stdio = await this.#host.openStdio(exec.execId, exec.paths);
      exec.opened(stdio);
      launched = await this.#runtime.exec({
        execId: exec.execId,
        process: { ...exec.spec, terminal: exec.paths.terminal },
        stdio: processStdio(stdio, exec.paths.terminal),
      });
    } catch (error) {
      // Whoever waits for it must not wait for ever; the exec itself stays until Delete.
      exec.finish({ status: 255, at: Date.now() });
      await this.#closeStdio(exec);
      throw error;
    }
    exec.launched = launched;
    await this.#keepInput(stdio);
    exec.running();
    this.#publish(execStarted(this.key, exec.execId, exec.pid));
    this.#track(
      launched.exited.then((exit) => {
        stdio.processExited();
        exec.finish(exit);
        this.#publish(exited(this.key, exec.execId, exec.pid, exit));
      }),
    );
  }

  /** The process runs by now: input that ends too early is no reason to lose sight of it. */
  async #keepInput(stdio: Stdio): Promise<void> {
    try {
      await stdio.keepInput();
    } catch (error) {
      this.#host.logger.warn(this.key, `standard input: ${reason(error)}`);
    }
  }

  /** Keeps the work in view until it has ended, however it ends: its own caller looks at errors. */
  #track(work: Promise<void>): void {
    const quiet = work.catch(() => undefined);
    this.#execWork.add(quiet);
    void quiet.then(() => this.#execWork.delete(quiet));
  }

  async #initExited(exit: Exit): Promise<void> {
    this.#initGone = true;
    await this.#starting;
    if (!this.#runtime.endsWithInit) {
      try {
        await this.#runtime.signalAll(sigkill);
        await this.#thawToDie();
      } catch (error) {
        this.#host.logger.warn(this.key, `cannot kill what init left behind: ${reason(error)}`);
      }
    }
    if (!(await within(execExitLimit, this.#execsEnded()))) {
      this.#host.logger.warn(this.key, `init is gone for ${execExitLimit / 1000} s, yet an exec still runs`);
    }
    if (this.#ranOutOfMemory()) this.#publish(oom(this.key));
    this.#pause.end();
    this.init.stdio?.processExited();
    this.init.finish(exit);
    this.#publish(exited(this.key, '', this.init.pid, exit));
  }

  #ranOutOfMemory(): boolean {
    try {
      return this.#runtime.outOfMemory();
    } catch (error) {
      this.#host.logger.warn(this.key, `cannot tell whether memory ran out: ${reason(error)}`);
      return false;
    }
  }

  async #execsEnded(): Promise<void> {
    while (this.#execWork.size > 0) await Promise.all(this.#execWork);
  }

  async #closeStdio(process: Process, limit = drainLimit): Promise<void> {
    const { stdio } = process;
    if (stdio === undefined) return;
    if (!(await within(limit, stdio.drained))) {
      this.#host.logger.warn(
        this.key,
        `output of ${this.#name(process)} is still open ${limit / 1000} s after its end: closed`,
      );
    }
    await stdio.close();
    process.stdio = undefined;
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #publish(event: TaskEvent): void {
    this.#host.publish(this.key, event);
  }

  #status(): string {
    return this.#pause.state === 'no' ? this.init.state : this.#pause.state;
  }

  #name(process: Process): string {
    return process.execId === '' ? `container ${this.key.id}` : `exec ${process.execId} of ${this.key.id}`;
  }
}

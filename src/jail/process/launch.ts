import { AgentGone } from '../../kernel/agent.js';
import type { Child, ChildMaker } from '../../kernel/child.js';
import type { Program } from '../../kernel/freebsd/execute.js';
import { becomeProgram, enterJail, settle } from '../../kernel/freebsd/launch.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { reason, RuntimeError } from '../../runtime/error.js';
import type { ProcessStdio, RuntimeProcess } from '../../runtime/runtime.js';
import type { ProcessPlan } from '../plan/process.js';
import { resolveUser, withHome, type ResolvedUser } from '../user/user.js';
import { openChannel, type Channel } from './channel.js';
import { defaultPatience, within } from './patience.js';
import { failedProgram, missingProgram, type Explanation } from './program-error.js';
import { runningProcess, type RunningTools } from './running.js';
import { candidatesFor } from './search-path.js';
import { completeUserFiles, readUserFiles } from './user-files.js';

export interface LaunchTools extends RunningTools {
  readonly children: ChildMaker;
  /** Milliseconds that a step of a launch may take, and a process that was killed; 30 s if it is not given. */
  readonly patience?: number;
}

/** A process that waits, in its jail and as its user, to become its program. */
export interface PreparedProcess {
  readonly process: RuntimeProcess;
  /**
   * Lets it become the program.
   *
   * @throws RuntimeError that says why it cannot; the process has ended then
   */
  start(): Promise<void>;
  /**
   * Ends it, and waits for that. Does nothing once it has ended.
   *
   * @throws RuntimeError if it cannot be ended for now, as the kernel holds it
   */
  abandon(): Promise<void>;
}

/** What a process is to be, and where. */
export interface Preparation {
  readonly jid: number;
  readonly plan: ProcessPlan;
  /** What more there is to say when its program cannot be run. */
  readonly explain?: Explanation;
}

/** A process that is there, but in no jail yet: its making needs no jail, and can go on while one is made. */
export interface BegunProcess {
  /**
   * Has it enter a jail and become all that it is to be but its program, which is looked for.
   *
   * @throws RuntimeError or KernelError that names what failed; the process has ended then, and nothing of it is left
   */
  prepare(preparation: Preparation): Promise<PreparedProcess>;
  /**
   * Ends it, and waits for that. Does nothing once it has ended.
   *
   * @throws RuntimeError if it cannot be ended for now, as the kernel holds it
   */
  abandon(): Promise<void>;
}

/**
 * Makes a process for a container, which has its standard descriptors from the beginning. A terminal it gets later.
 *
 * @throws Error if none can be made; nothing of it is left then
 */
export async function beginProcess(tools: LaunchTools, stdio: ProcessStdio): Promise<BegunProcess> {
  if (!stdio.terminal) {
    const child = await tools.children.start(stdio.fds);
    stdio.release();
    return begun(tools, { child, stdio, channel: undefined });
  }
  const channel = await openChannel(tools.system);
  try {
    const child = await tools.children.start([channel.far, 'null', 'null']);
    await channel.closeFar();
    return begun(tools, { child, stdio, channel });
  } catch (error) {
    await channel.close();
    throw error;
  }
}

/** Makes a process in a jail that runs its program at once. As `prepare` and `start`. */
export async function launchProcess(
  tools: LaunchTools,
  preparation: Preparation,
  stdio: ProcessStdio,
): Promise<RuntimeProcess> {
  const beginning = await beginProcess(tools, stdio);
  const prepared = await beginning.prepare(preparation);
  await prepared.start();
  return prepared.process;
}

interface Beginning {
  readonly child: Child;
  readonly stdio: ProcessStdio;
  /** By which the master of its terminal comes. */
  readonly channel: Channel | undefined;
}

function begun(tools: LaunchTools, beginning: Beginning): BegunProcess {
  return {
    prepare: (preparation) => prepare(tools, beginning, preparation),
    abandon: () => discard(tools, beginning),
  };
}

async function prepare(
  tools: LaunchTools,
  beginning: Beginning,
  { jid, plan, explain = () => undefined }: Preparation,
): Promise<PreparedProcess> {
  const { child, stdio, channel } = beginning;
  const inside = { kernel: child.kernel, bindings: tools.system.bindings };
  try {
    const { path, user } = await answered(tools, child, enterAs(inside, jid, plan));
    if (stdio.terminal && channel !== undefined) {
      stdio.attach(await channel.receive());
      await channel.close();
    }
    const program = { path, args: plan.args, environment: withHome(plan.env, user) };
    return {
      process: runningProcess(tools, child, stdio),
      start: () => start(tools, child, program, explain),
      abandon: () => abandon(tools, child),
    };
  } catch (error) {
    await givenUp(error, () => discard(tools, beginning));
    throw ended(error, child);
  }
}

/** Has the process enter the jail as who its plan says, and answers who that is, and where its program is. */
async function enterAs(
  inside: FreeBSD,
  jid: number,
  plan: ProcessPlan,
): Promise<{ path: string; user: ResolvedUser }> {
  const files = await run(inside, (b) => {
    enterJail(b, jid);
    return readUserFiles(b);
  });
  const user = resolveUser(plan, await completeUserFiles(inside, files));
  return { user, path: await settleAs(inside, plan, user) };
}

/** Makes the process what its plan says, and answers where its program is. */
async function settleAs(inside: FreeBSD, plan: ProcessPlan, user: ResolvedUser): Promise<string> {
  const { consoleSize } = plan;
  const size = consoleSize && { rows: consoleSize.height, columns: consoleSize.width };
  const found = await run(inside, (b) => {
    return settle(b, {
      identity: user,
      // Otherwise it is that of whoever started the daemon.
      login: user.login,
      workingDirectory: plan.cwd,
      makeWorkingDirectory: true,
      umask: plan.umask,
      limits: plan.rlimits,
      noNewPrivileges: plan.noNewPrivileges,
      terminal: plan.terminal ? { size } : undefined,
      candidates: candidatesFor(plan),
    });
  });
  if (found.path === undefined) throw missingProgram(plan.args[0], found);
  return found.path;
}

async function start(
  tools: LaunchTools,
  child: Child,
  program: Program,
  explain: Explanation,
): Promise<void> {
  try {
    await answered(tools, child, becomeProgram(child.kernel, tools.system.bindings, program));
  } catch (error) {
    await givenUp(error, () => abandon(tools, child));
    throw failedProgram(program.path, ended(error, child), explain);
  }
}

/** What a process answers, unless the kernel holds it. */
function answered<T>({ patience }: LaunchTools, { pid }: Child, doing: Promise<T>): Promise<T> {
  return within(patience ?? defaultPatience, doing, `process ${pid}: no answer`);
}

/** Kills a process, and waits for its end unless the kernel holds it. */
function abandon({ patience }: LaunchTools, child: Child): Promise<void> {
  return within(
    patience ?? defaultPatience,
    child.abandon(),
    `process ${child.pid}: killed, but still there`,
  );
}

/** Ends what a failure has left, and says so if it does not end. */
async function givenUp(error: unknown, discarding: () => Promise<void>): Promise<void> {
  try {
    await discarding();
  } catch (second) {
    throw new RuntimeError('failed', `${reason(error)}; ${reason(second)}`, { cause: error });
  }
}

/** What an agent that went away means here: its process was killed. */
function ended(error: unknown, { pid }: Child): unknown {
  if (!(error instanceof AgentGone)) return error;
  return new RuntimeError('failed', `process ${pid} ended before its program ran`, { cause: error });
}

async function discard(tools: LaunchTools, { child, channel }: Beginning): Promise<void> {
  await abandon(tools, child).finally(() => channel?.close());
}

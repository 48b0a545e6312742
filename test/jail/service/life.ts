import { OCI_PROCESS, packJson } from '../../../src/proto/any.js';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import type { RuntimeWorld } from '../runtime-world.js';
import { createContainer, type Bundles, type Daemon } from './machine.js';
import type { Scenario } from './scenarios.js';
import { runningAs } from './seen.js';

const { methods } = TaskV2;
const sigkill = 9;

/** What came of the life of the containers of a scenario. */
export interface Lived {
  /** What the client was told, in order. */
  readonly failures: readonly string[];
  /** What there was when all of them ran; undefined if it did not come to that. */
  readonly running: readonly string[] | undefined;
}

const shell = packJson(OCI_PROCESS, {
  args: ['sh'],
  cwd: '/',
  env: ['PATH=/bin'],
  user: { uid: 0, gid: 0 },
});

/**
 * Does with containers what containerd does: creates and starts them, executes in them, kills and deletes them. What
 * fails to be made is deleted; what fails to end is asked for once more.
 */
export async function live(
  daemon: Daemon,
  world: RuntimeWorld,
  bundles: Bundles,
  { containers }: Scenario,
): Promise<Lived> {
  const failures: string[] = [];
  const works = async (doing: () => Promise<unknown>): Promise<boolean> => {
    try {
      await doing();
      return true;
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
      return false;
    }
  };
  const twice = async (doing: () => Promise<unknown>): Promise<void> => {
    if (!(await works(doing))) await doing();
  };
  const created: string[] = [];
  let running: string[] | undefined;
  for (const { id, exec } of containers) {
    if (!(await works(() => createContainer(daemon, bundles, id)))) break;
    created.push(id);
    if (!(await works(() => daemon.call(methods.Start, { id })))) break;
    if (exec !== undefined && !(await execute(daemon, id, exec === 'terminal', works, twice))) break;
    if (created.length === containers.length) running = runningAs(world);
  }
  const executed = containers.find(({ exec }) => exec !== undefined);
  if (running !== undefined && executed !== undefined) {
    const named = { id: executed.id, execId: 'shell' };
    await twice(() => daemon.call(methods.Kill, { ...named, signal: sigkill }));
    await daemon.call(methods.Wait, named);
    await twice(() => daemon.call(methods.Delete, named));
  }
  for (const id of created.reverse()) {
    const { status } = await daemon.call(methods.State, { id });
    if (status !== stopped) await twice(() => daemon.call(methods.Kill, { id, signal: sigkill, all: true }));
    await daemon.call(methods.Wait, { id });
    await twice(() => daemon.call(methods.Delete, { id }));
  }
  return { failures, running };
}

// task.proto's Status
const stopped = 3;

/** Executes a shell, which stays if it could be executed. */
async function execute(
  daemon: Daemon,
  id: string,
  terminal: boolean,
  works: (doing: () => Promise<unknown>) => Promise<boolean>,
  twice: (doing: () => Promise<unknown>) => Promise<void>,
): Promise<boolean> {
  const named = { id, execId: 'shell' };
  await daemon.call(methods.Exec, { ...named, terminal, spec: shell });
  if (await works(() => daemon.call(methods.Start, named))) return true;
  await twice(() => daemon.call(methods.Delete, named));
  return false;
}

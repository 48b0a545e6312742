import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from '../command.js';
import { forEach } from '../container/each.js';
import { lockContainer, tryLockContainer, type Engine, type LockedContainer } from '../container/engine.js';
import { stateOf } from '../container/describe.js';
import { removeAll } from '../container/remove.js';
import { stopContainer } from '../container/stop.js';
import { CliError } from '../error.js';
import type { Container } from '../state/containers.js';

export const command: Command = {
  operands: 'CONTAINER...',
  count: { least: 1, most: Infinity },
  completes: 'containers',
  options: [{ name: 'force', short: 'f', kind: 'flag', help: 'kill it if it runs' }],
  examples: [['jailer rm -f web', 'whether it runs or not']],
  run: (context, values, words) =>
    forEach(context, words, async (engine, found) => {
      const force = values.flag('force');
      if (!force) refuseRunning(found);
      const { lock, container } = force ? await takeAnyway(engine, found) : lockContainer(engine, found);
      try {
        if (container === undefined) return;
        if (!force) refuseRunning(container);
        await removeAll(engine, container);
      } finally {
        lock.release();
      }
    }),
};

function refuseRunning(container: Container): void {
  if (stateOf(container) !== 'running') return;
  throw new CliError(`container ${container.name} runs: stop it first, or use rm --force`);
}

/** Milliseconds that another jailer gets for ending when its container has, and between two looks at that. */
const patience = 30_000;
const interval = 20;

/** Takes a container, also from the jailer that runs it in the foreground: that lets go of it when it has ended. */
async function takeAnyway(engine: Engine, found: Container): Promise<LockedContainer> {
  const locked = tryLockContainer(engine, found);
  if (locked !== undefined) return locked;
  if (stateOf(found) !== 'running') return lockContainer(engine, found);
  await stopContainer(engine, found, 0);
  const end = Date.now() + patience;
  while (Date.now() < end) {
    const free = tryLockContainer(engine, found);
    if (free !== undefined) return free;
    await delay(interval);
  }
  return lockContainer(engine, found);
}

import type { Command } from '../command.js';
import { forEach } from '../container/each.js';
import { lockContainer } from '../container/engine.js';
import { stateOf } from '../container/describe.js';
import { removeAll } from '../container/remove.js';
import { CliError } from '../error.js';

export const command: Command = {
  operands: 'CONTAINER...',
  count: { least: 1, most: Infinity },
  completes: 'containers',
  options: [{ name: 'force', short: 'f', kind: 'flag', help: 'kill it if it runs' }],
  examples: [['jailer rm -f web', 'whether it runs or not']],
  run: (context, values, words) =>
    forEach(context, words, async (engine, container) => {
      if (stateOf(container) === 'running' && !values.flag('force')) {
        throw new CliError(`container ${container.name} runs: stop it first, or use rm --force`);
      }
      const lock = lockContainer(engine, container);
      try {
        const now = engine.containers.get(container.id);
        if (now !== undefined) await removeAll(engine, now);
      } finally {
        lock.release();
      }
    }),
};

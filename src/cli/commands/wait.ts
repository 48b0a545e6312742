import type { Command } from '../command.js';
import { stateOf } from '../container/describe.js';
import { findContainer, openEngine } from '../container/engine.js';
import { endOf } from '../container/foreground.js';
import { withTask } from '../container/stop.js';
import { CliError } from '../error.js';

export const command: Command = {
  operands: 'CONTAINER...',
  count: { least: 1, most: Infinity },
  completes: 'containers',
  options: [],
  examples: [['jailer wait job', 'wait until it has ended, and print its exit code']],
  run: async (context, _values, words) => {
    const engine = await openEngine(context);
    for (const word of words) {
      const container = await findContainer(engine, word);
      const status =
        stateOf(container) === 'running'
          ? await withTask(engine, container, (task) => endOf(task, container.id))
          : container.exitStatus;
      if (status === undefined) {
        throw new CliError(`container ${container.name} was never started: see jailer start`);
      }
      context.print(`${status}\n`);
    }
    return 0;
  },
};

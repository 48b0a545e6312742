import { CliError } from '../error.js';
import type { Command } from '../command.js';
import { stateOf } from '../container/describe.js';
import { findContainer, openEngine, type Engine } from '../container/engine.js';
import { withTask } from '../container/stop.js';
import { methods } from '../daemon/task.js';
import { followLog, lastLines } from '../log-file.js';
import { logOf } from '../places.js';
import type { Container } from '../state/containers.js';
import { readNumber } from '../spec/size.js';

export const command: Command = {
  operands: 'CONTAINER',
  count: { least: 1, most: 1 },
  completes: 'containers',
  options: [
    {
      name: 'follow',
      short: 'f',
      kind: 'flag',
      help: 'go on with what is still to come, until the container ends',
    },
    { name: 'tail', short: 'n', kind: 'text', value: 'LINES', help: 'only the last lines' },
  ],
  examples: [['jailer logs -f --tail 20 web', 'the last twenty lines, and all that follow']],
  run: async (context, values, [word = '']) => {
    const tail = values.text('tail');
    const lines = tail === undefined ? Infinity : tail === '0' ? 0 : readNumber('tail', tail, true);
    const engine = await openEngine(context);
    const container = await findContainer(engine, word);
    const path = logOf(engine.places, container.id);
    const from = await lastLines(path, lines);
    if (from === undefined) {
      throw new CliError(`container ${container.name} has no log: only what runs detached writes one`);
    }
    const follow = values.flag('follow') && stateOf(container) === 'running';
    const ended = follow ? endOf(engine, container) : Promise.resolve();
    await followLog(path, from, process.stdout, ended);
    return 0;
  },
};

/** Resolves when a container does not run any more, perhaps since before it was asked. */
async function endOf(engine: Engine, container: Container): Promise<void> {
  try {
    await withTask(engine, container, (task) => task.call(methods.Wait));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
  }
}

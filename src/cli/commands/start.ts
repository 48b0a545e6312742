import type { Command } from '../command.js';
import { stateOf } from '../container/describe.js';
import { runDetached } from '../container/detached.js';
import { findContainer, lockContainer, openEngine } from '../container/engine.js';
import { runInForeground } from '../container/foreground.js';
import { CliError } from '../error.js';
import type { Container } from '../state/containers.js';

export const command: Command = {
  operands: 'CONTAINER',
  count: { least: 1, most: 1 },
  completes: 'containers',
  options: [{ name: 'attach', short: 'a', kind: 'flag', help: 'stay with it until it ends' }],
  examples: [['jailer start web', 'start a container that was created, or has ended']],
  run: async (context, values, [word = '']) => {
    const engine = await openEngine(context);
    const found = await findContainer(engine, word);
    if (stateOf(found) === 'running') throw runsAlready(found);
    const { lock, container } = lockContainer(engine, found);
    if (container?.phase !== 'made' && container?.phase !== 'ended') {
      lock.release();
      throw container?.phase === 'started'
        ? runsAlready(found)
        : new CliError(`there is no container ${JSON.stringify(word)} any more`);
    }
    if (values.flag('attach')) return await runInForeground(context, engine, { container, lock });
    await runDetached(engine, { container, lock });
    context.print(`${word}\n`);
    return 0;
  },
};

const runsAlready = ({ name }: Container): CliError => new CliError(`container ${name} runs already`);

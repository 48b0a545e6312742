import { isatty } from 'node:tty';
import type { Command } from '../command.js';
import { executeIn } from '../container/execute.js';
import { findContainer, openEngine } from '../container/engine.js';
import { CliError } from '../error.js';
import { readEnvironment } from '../spec/environment.js';

export const command: Command = {
  operands: 'CONTAINER COMMAND [ARGUMENT...]',
  count: { least: 2, most: Infinity },
  stopsAtOperand: true,
  completes: 'containers',
  options: [
    { name: 'interactive', short: 'i', kind: 'flag', help: 'give it standard input' },
    { name: 'tty', short: 't', kind: 'flag', help: 'give it a terminal' },
    {
      name: 'env',
      short: 'e',
      kind: 'list',
      value: 'NAME=VALUE',
      help: 'set a variable; NAME alone takes its value here',
    },
    {
      name: 'user',
      short: 'u',
      kind: 'text',
      value: 'USER[:GROUP]',
      help: 'whose process it is, by name or number',
    },
    { name: 'workdir', short: 'w', kind: 'text', value: 'DIR', help: 'working directory' },
  ],
  examples: [['jailer exec -it web sh', 'a shell in a container that runs']],
  run: async (context, values, [word = '', ...args]) => {
    const [terminal, interactive] = [values.flag('tty'), values.flag('interactive')];
    if (terminal && interactive && !isatty(0)) {
      throw new CliError('--tty: standard input is no terminal: leave -t out, or run it in a terminal');
    }
    const engine = await openEngine(context);
    const container = await findContainer(engine, word);
    return await executeIn(context, engine, container, {
      args,
      terminal,
      interactive,
      env: readEnvironment(values.list('env'), process.env),
      user: values.text('user'),
      workingDirectory: values.text('workdir'),
    });
  },
};

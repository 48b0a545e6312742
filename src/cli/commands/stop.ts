import type { Command } from '../command.js';
import { forEach } from '../container/each.js';
import { stopContainer } from '../container/stop.js';
import { readNumber } from '../spec/size.js';

export const command: Command = {
  operands: 'CONTAINER...',
  count: { least: 1, most: Infinity },
  completes: 'containers',
  options: [
    {
      name: 'time',
      short: 't',
      kind: 'text',
      value: 'SECONDS',
      help: 'how long it may take before it is killed (10)',
    },
  ],
  examples: [['jailer stop web', 'ask it to end, and kill it after ten seconds']],
  run: (context, values, words) => {
    const word = values.text('time') ?? '10';
    const seconds = word === '0' ? 0 : readNumber('time', word, false);
    return forEach(context, words, (engine, container) => stopContainer(engine, container, seconds));
  },
};

import type { Command } from '../command.js';
import { forEach } from '../container/each.js';
import { signalContainer } from '../container/stop.js';

export const command: Command = {
  operands: 'CONTAINER...',
  count: { least: 1, most: Infinity },
  completes: 'containers',
  options: [{ name: 'signal', short: 's', kind: 'text', value: 'SIGNAL', help: 'another signal than KILL' }],
  examples: [
    ['jailer kill web', 'end it at once'],
    ['jailer kill -s HUP web', 'have it read its configuration again, if it does that'],
  ],
  run: (context, values, words) =>
    forEach(context, words, (engine, container) =>
      signalContainer(engine, container, values.text('signal') ?? 'KILL'),
    ),
};

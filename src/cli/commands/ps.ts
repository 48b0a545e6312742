import { formatOption, quietOption, type Command } from '../command.js';
import { containerDocument, stateOf, stateText } from '../container/describe.js';
import { openEngine } from '../container/engine.js';
import { settleAll } from '../container/settle.js';
import { jsonLines, span, table } from '../table.js';

export const command: Command = {
  operands: '',
  count: { least: 0, most: 0 },
  options: [
    { name: 'all', short: 'a', kind: 'flag', help: 'those that do not run as well' },
    quietOption,
    formatOption,
  ],
  examples: [
    ['jailer ps -a', 'all containers'],
    ['jailer rm $(jailer ps -aq)', 'remove all that do not run'],
  ],
  run: async (context, values) => {
    const engine = await openEngine(context);
    await settleAll(engine, context.tell);
    const { containers } = engine;
    const shown = containers
      .list()
      .filter((container) => values.flag('all') || stateOf(container) === 'running');
    if (values.flag('quiet')) context.print(shown.map(({ id }) => `${id.slice(0, 12)}\n`).join(''));
    else if (values.text('format') === 'json') context.print(jsonLines(shown.map(containerDocument)));
    else {
      const now = Date.now();
      const rows = shown.map((container) => [
        container.id.slice(0, 12),
        container.name,
        container.settings.image,
        short(container.settings.command.join(' ')),
        `${span(now - container.created)} ago`,
        stateText(container, now),
      ]);
      context.print(table(['ID', 'NAME', 'IMAGE', 'COMMAND', 'CREATED', 'STATE'], rows));
    }
    return 0;
  },
};

const short = (text: string): string => (text.length <= 30 ? text : `${text.slice(0, 29)}…`);

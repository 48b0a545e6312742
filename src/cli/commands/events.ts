import { formatOption, type Command } from '../command.js';
import { openEngine } from '../container/engine.js';
import { happenings } from '../daemon/events.js';

export const command: Command = {
  operands: '',
  count: { least: 0, most: 0 },
  options: [formatOption],
  examples: [
    ['jailer events', 'what happens from now on, until Ctrl-C'],
    ['jailer events --format json | head -n 1', 'wait for the next thing that happens'],
  ],
  run: async (context, values) => {
    const engine = await openEngine(context);
    const names = new Map<string, string>();
    const nameOf = (id: string): string => {
      // One that is removed by now is called as it was.
      const name = engine.containers.get(id)?.name ?? names.get(id) ?? id.slice(0, 12);
      names.set(id, name);
      return name;
    };
    for await (const { at, event, id, pid, exitStatus } of happenings(context.places)) {
      const time = new Date(at).toISOString();
      const name = nameOf(id);
      if (values.text('format') === 'json') {
        context.print(`${JSON.stringify({ time, event, id, name, pid, exitStatus })}\n`);
      } else {
        const detail = exitStatus === undefined ? '' : ` with ${exitStatus}`;
        context.print(`${time}  ${event.padEnd(9)}  ${name}${detail}\n`);
      }
    }
    return 0;
  },
};

import { setTimeout as sleep } from 'node:timers/promises';
import { formatOption, type Command, type Context } from '../command.js';
import { stateOf } from '../container/describe.js';
import { findContainer, openEngine, type Engine } from '../container/engine.js';
import { settleAll } from '../container/settle.js';
import { withTask } from '../container/stop.js';
import { cpuPercent, readUsage, type Usage } from '../container/usage.js';
import { methods } from '../daemon/task.js';
import { CliError } from '../error.js';
import type { Container } from '../state/containers.js';
import { jsonLines, size, table } from '../table.js';

/** Between two looks, in milliseconds. */
const pause = 1000;

/** One container at one moment. */
interface Look {
  readonly container: Container;
  readonly at: bigint;
  readonly usage: Usage;
}

export const command: Command = {
  operands: '[CONTAINER...]',
  count: { least: 0, most: Infinity },
  completes: 'containers',
  options: [
    { name: 'follow', short: 'f', kind: 'flag', help: 'look again every second, until Ctrl-C' },
    formatOption,
  ],
  examples: [
    ['jailer stats', 'what each container that runs uses, measured for a second'],
    ['jailer stats -f web', 'the same of one, again and again'],
  ],
  run: async (context, values, words) => {
    const engine = await openEngine(context);
    if (words.length === 0) await settleAll(engine, context.tell);
    const containers =
      words.length > 0 ? await Promise.all(words.map((word) => running(engine, word))) : undefined;
    const chosen = (): readonly Container[] =>
      containers ?? engine.containers.list().filter((container) => stateOf(container) === 'running');
    let before = await lookAt(engine, chosen());
    do {
      await sleep(pause);
      const after = await lookAt(engine, chosen());
      show(context, values.text('format') === 'json', values.flag('follow'), before, after);
      before = after;
    } while (values.flag('follow') && before.length > 0);
    return 0;
  },
};

async function running(engine: Engine, word: string): Promise<Container> {
  const container = await findContainer(engine, word);
  if (stateOf(container) === 'running') return container;
  throw new CliError(`container ${container.name} does not run: see jailer ps -a`);
}

/** Those that have ended meanwhile are left out. */
async function lookAt(engine: Engine, containers: readonly Container[]): Promise<readonly Look[]> {
  const looks = containers.map(async (container): Promise<readonly Look[]> => {
    try {
      const { stats } = await withTask(engine, container, (task) => task.call(methods.Stats));
      const at = process.hrtime.bigint();
      return stats === null ? [] : [{ container, at, usage: await readUsage(stats) }];
    } catch (error) {
      const state = engine.containers.get(container.id);
      if (error instanceof CliError || state === undefined || stateOf(state) !== 'running') return [];
      throw error;
    }
  });
  return (await Promise.all(looks)).flat();
}

function show(
  { print }: Context,
  json: boolean,
  again: boolean,
  before: readonly Look[],
  after: readonly Look[],
): void {
  const lines = after.map(({ container, at, usage }) => {
    const earlier = before.find((one) => one.container.id === container.id);
    const cpu = earlier && cpuPercent(earlier.usage, usage, at - earlier.at);
    return { container, usage, cpu };
  });
  if (json) {
    print(
      jsonLines(
        lines.map(({ container: { id, name }, usage, cpu }) => ({
          id,
          name,
          cpuPercent: cpu ?? null,
          cpuNanoseconds: number(usage.cpu),
          memory: number(usage.memory),
          memoryLimit: number(usage.memoryLimit),
          processes: number(usage.processes),
          processesLimit: number(usage.processesLimit),
        })),
      ),
    );
    return;
  }
  const rows = lines.map(({ container, usage, cpu }) => [
    container.name,
    cpu === undefined ? '-' : `${cpu.toFixed(1)} %`,
    amount(usage.memory, usage.memoryLimit, (bytes) => size(Number(bytes))),
    amount(usage.processes, usage.processesLimit, String),
  ]);
  // Home, and clear to the end: the table stands where it stood (ECMA-48, CUP and ED).
  const home = again && process.stdout.isTTY ? '\x1b[H\x1b[J' : '';
  print(`${home}${table(['NAME', 'CPU', 'MEMORY', 'PROCESSES'], rows)}`);
}

const number = (value: bigint | undefined): number | null => (value === undefined ? null : Number(value));

function amount(
  value: bigint | undefined,
  limit: bigint | undefined,
  text: (value: bigint) => string,
): string {
  if (value === undefined) return '-';
  return limit === undefined ? text(value) : `${text(value)} of ${text(limit)}`;
}

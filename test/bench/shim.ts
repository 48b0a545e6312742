import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Containerd, execArguments, runArguments } from '../e2e/harness/containerd.js';
import { remove, startDetached } from '../e2e/harness/containers.js';
import { shimDaemons } from '../e2e/harness/leftovers.js';
import { exitStatus } from '../e2e/harness/program.js';
import { machine } from './machine.js';
import { markdown, median } from './statistics.js';

/**
 * Measures this shim beside containerd's own, which drives the same runc under the same containerd. Both are up at once and take
 * turns, so that what else happens on the host happens to both; the ratios mean more than the figures.
 */
type Side = 'stock' | 'ours';
type Sides = Record<Side, Containerd>;
type Figures = Record<Side, number[]>;

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '30' }, help: { type: 'boolean', default: false } },
});
const rounds = Number(options.rounds);
const SECOND = 1000;
const MEBIBYTES = 1024;
const IDLE_COUNTS = [1, 10, 50] as const;

/** Runs ctr with its output thrown away, as a terminal or a test would slow it down; answers milliseconds. */
async function time(containerd: Containerd, args: readonly string[]): Promise<number> {
  const [file = '', ...rest] = containerd.ctrCommand(args);
  const start = performance.now();
  const child = spawn(file, rest, { env: containerd.environment, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  const duration = performance.now() - start;
  if (exitStatus(code, signal) !== 0)
    throw new Error(`${file} ${rest.join(' ')}: ${exitStatus(code, signal)}`);
  return duration;
}

/** Measures both sides by turns, each first in every other round; one round before that is not counted. */
async function alternate(
  sides: Sides,
  count: number,
  measure: (containerd: Containerd, round: number) => Promise<number>,
): Promise<Figures> {
  const figures: Figures = { stock: [], ours: [] };
  for (let round = -1; round < count; round += 1) {
    const order: Side[] = round % 2 === 0 ? ['stock', 'ours'] : ['ours', 'stock'];
    for (const side of order) {
      const value = await measure(sides[side], round);
      if (round >= 0) figures[side].push(value);
    }
  }
  return figures;
}

function run(sides: Sides): Promise<Figures> {
  return alternate(sides, rounds, (containerd) =>
    time(containerd, runArguments(containerd, 'run', ['true'])),
  );
}

async function exec(sides: Sides): Promise<Figures> {
  for (const containerd of Object.values(sides)) await startDetached(containerd, 'host');
  const figures = await alternate(sides, rounds, (containerd, round) =>
    time(containerd, execArguments(containerd, 'host', `e${round}`, ['true'])),
  );
  for (const containerd of Object.values(sides)) await remove(containerd, 'host');
  return figures;
}

/** MiB a second through the container's standard output, the shim and ctr. */
function throughput(sides: Sides): Promise<Figures> {
  const command = ['dd', 'if=/dev/zero', 'bs=1M', `count=${MEBIBYTES}`];
  return alternate(sides, 5, async (containerd) => {
    const milliseconds = await time(
      containerd,
      runArguments(containerd, 'zeros', [...command, 'status=none']),
    );
    return MEBIBYTES / (milliseconds / SECOND);
  });
}

/** Containers a second in eight lanes. */
function parallel(sides: Sides): Promise<Figures> {
  const each = 5;
  return alternate(sides, 5, async (containerd, round) => {
    const start = performance.now();
    const lane = async (name: number): Promise<void> => {
      for (let number = 0; number < each; number += 1) {
        await time(containerd, runArguments(containerd, `p${round}-${name}-${number}`, ['true']));
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, name) => lane(name)));
    return (8 * each) / ((performance.now() - start) / SECOND);
  });
}

/** MiB of all processes of the shim, each page divided among those that share it (proc(5), smaps_rollup). */
async function memory(containerd: Containerd): Promise<Map<number, number>> {
  const result = new Map<number, number>();
  let running = 0;
  for (const count of IDLE_COUNTS) {
    for (; running < count; running += 1) await startDetached(containerd, `idle-${running}`);
    // Idle means that what followed the last start has come to rest: the daemon gives memory back three seconds after it.
    await sleep(5 * SECOND);
    const kilobytes = shimDaemons(containerd)
      .map((pid) => /^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')))
      .reduce((sum, match) => sum + Number(match?.[1]), 0);
    result.set(count, kilobytes / 1024);
  }
  for (let number = 0; number < running; number += 1) await remove(containerd, `idle-${number}`);
  return result;
}

function row(name: string, unit: string, figures: Figures, goal: string): string[] {
  const text = (values: readonly number[]): string =>
    `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)})`;
  const ratio = median(figures.ours) / median(figures.stock);
  return [`${name}, ${unit}`, text(figures.stock), text(figures.ours), ratio.toFixed(2), goal];
}

async function measureAll(sides: Sides): Promise<string[][]> {
  const rows = [['median (least–most)', 'stock', 'ours', 'ours / stock', 'goal']];
  rows.push(row('`ctr run --rm … true`', 'ms', await run(sides), '≤ 0.70'));
  rows.push(row('`ctr task exec … true`', 'ms', await exec(sides), '≤ 0.80'));
  rows.push(row('`ctr run` at 8 in parallel', 'containers/s', await parallel(sides), '≥ 1.20'));
  rows.push(row('standard output', 'MiB/s', await throughput(sides), '≥ 1.00'));
  const stock = await memory(sides.stock);
  const ours = await memory(sides.ours);
  for (const count of IDLE_COUNTS) {
    const figures = { stock: [stock.get(count) ?? NaN], ours: [ours.get(count) ?? NaN] };
    rows.push(row(`memory (PSS) of ${count} idle`, 'MiB', figures, count === 50 ? '≤ 0.20' : ''));
  }
  return rows;
}

if (options.help || !(rounds >= 1)) {
  console.log('usage: scripts/bench shim [--rounds N]');
  process.exit(options.help ? 0 : 2);
}
const stock = await Containerd.start({ shim: 'stock' });
try {
  const ours = await Containerd.start({ shim: 'ours', shimLogLevel: 'info' });
  try {
    const versions = [
      ['containerd', '--version'],
      ['runc', '--version'],
    ];
    console.log(`${machine(versions).join('\n')}\n`);
    console.log(markdown(await measureAll({ stock, ours })));
  } finally {
    await ours.close();
  }
} finally {
  await stock.close();
}

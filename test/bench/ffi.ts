// Calls a second and memory after a million calls, for each engine in a process of its own:
//   node build/test/bench/ffi.js [calls]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Arena } from '../../src/kernel/arena.js';
import { createFfiRsEngine } from '../../src/kernel/engine/ffi-rs.js';
import { createKoffiEngine } from '../../src/kernel/engine/koffi.js';
import { openLocalKernel, type EngineName } from '../../src/kernel/local.js';

interface Measured {
  readonly callsPerSecond: number;
  readonly batchesPerSecond: number;
  /** Resident memory in MiB: of the engine once loaded, and gained by all the calls. */
  readonly loaded: number;
  readonly gained: number;
}

const [mode = '1000000', engine] = process.argv.slice(2);
const calls = Number(mode);
if (!Number.isSafeInteger(calls) || calls < 1) throw new Error(`${mode}: not a number of calls`);
if (engine === undefined) compare();
else process.stdout.write(JSON.stringify(measure(engine as EngineName)));

function compare(): void {
  const koffi = measureApart('koffi');
  const ffiRs = measureApart('ffi-rs');
  const rows: [string, (of: Measured) => number, number][] = [
    ['calls/s, engine alone (getppid)', (of) => of.callsPerSecond, 0],
    ['batches/s, with a 64-byte arena', (of) => of.batchesPerSecond, 0],
    ['MiB of the engine once loaded', (of) => of.loaded, 1],
    [`MiB gained by ${2 * calls} calls`, (of) => of.gained, 1],
  ];
  const line = (name: string, ...cells: string[]): string =>
    [name.padEnd(34), ...cells.map((cell) => cell.padStart(14))].join('');
  console.log(line('', 'koffi', 'ffi-rs', 'koffi/ffi-rs'));
  for (const [name, of, digits] of rows) {
    const ratio = (of(koffi) / of(ffiRs)).toFixed(2);
    console.log(line(name, of(koffi).toFixed(digits), of(ffiRs).toFixed(digits), ratio));
  }
}

function measureApart(name: EngineName): Measured {
  const program = fileURLToPath(import.meta.url);
  const { stdout, status } = spawnSync(process.execPath, ['--expose-gc', program, mode, name], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${name}: the measuring process ended with ${String(status)}`);
  return JSON.parse(stdout) as Measured;
}

function measure(name: EngineName): Measured {
  const empty = resident();
  const engine = name === 'koffi' ? createKoffiEngine() : createFfiRsEngine();
  const kernel = openLocalKernel(name);
  const arena = new Arena();
  arena.reserve(64);
  const batch = arena.batch([{ symbol: 'getppid', args: [] }]);
  engine.call('getppid', []);
  kernel.runSync(batch);
  const loaded = resident();
  const callsPerSecond = rate(() => engine.call('getppid', []));
  const batchesPerSecond = rate(() => kernel.runSync(batch));
  return { callsPerSecond, batchesPerSecond, loaded: loaded - empty, gained: resident() - loaded };
}

function rate(call: () => unknown): number {
  for (let count = 0; count < calls / 100; count++) call();
  const begun = process.hrtime.bigint();
  for (let count = 0; count < calls; count++) call();
  return (calls * 1e9) / Number(process.hrtime.bigint() - begun);
}

function resident(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss() / 2 ** 20;
}

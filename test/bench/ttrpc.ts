/**
 * Requests a second and latencies of our ttrpc server and of the Go implementation's, each in a process of its own
 * on this host, both driven by the Go client. The two are measured in turn, round by round, so that what else the
 * host does falls on both; the ratio is ours to Go's.
 *
 *   node build/test/bench/ttrpc.js [ROUNDS [SECONDS]]
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createListener } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from '../../src/ttrpc/server.js';
import { buildGoProgram, whyNoGo } from '../ttrpc/go-program.js';
import { interopService } from '../ttrpc/interop.js';

interface Measurement {
  readonly perSecond: number;
  readonly p50us: number;
  readonly p99us: number;
}

const SERVE = 'serve';
const CONNECTIONS = [1, 50];

async function main([first, second]: string[]): Promise<void> {
  if (first === SERVE && second !== undefined) {
    serve(second);
    return;
  }
  const reason = whyNoGo();
  if (reason !== undefined) {
    console.log(`not measured: ${reason}`);
    return;
  }
  await compare(Number(first ?? 5), second ?? '2');
}

/** Serves in this process until its standard input ends. */
function serve(path: string): void {
  const server = createServer([interopService()]);
  server.serve(createListener().listen(path, () => process.stdout.write('ready\n')));
  process.stdin.on('end', () => {
    server.close();
  });
  process.stdin.resume();
}

async function compare(rounds: number, seconds: string): Promise<void> {
  const { program, remove } = buildGoProgram();
  const folder = mkdtempSync(join(tmpdir(), 'ttrpc-bench-'));
  const paths = { ours: join(folder, 'ours'), go: join(folder, 'go') };
  const [node, script] = process.argv as [string, string];
  const stops = [await start(node, [script, SERVE, paths.ours]), await start(program, ['server', paths.go])];
  try {
    for (const connections of CONNECTIONS) {
      const load = (path: string): Measurement => measure(program, path, connections, seconds);
      load(paths.ours);
      load(paths.go);
      const ours: Measurement[] = [];
      const go: Measurement[] = [];
      for (let round = 0; round < rounds; round += 1) {
        ours.push(load(paths.ours));
        go.push(load(paths.go));
      }
      report(connections, ours, go);
    }
  } finally {
    for (const stop of stops) await stop();
    rmSync(folder, { recursive: true, force: true });
    remove();
  }
}

async function start(program: string, args: string[]): Promise<() => Promise<unknown>> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await Promise.race([
    once(child.stdout, 'data'),
    exited.then(([code]) => {
      throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}`);
    }),
  ]);
  return () => {
    child.stdin.end();
    return exited;
  };
}

function measure(program: string, path: string, connections: number, seconds: string): Measurement {
  const { status, stdout } = spawnSync(program, ['bench', path, String(connections), seconds], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`the load on ${path} ended with ${String(status)}`);
  return JSON.parse(stdout) as Measurement;
}

function report(connections: number, ours: Measurement[], go: Measurement[]): void {
  const row = (key: keyof Measurement): Record<string, number> => {
    const mine = median(ours.map((measurement) => measurement[key]));
    const theirs = median(go.map((measurement) => measurement[key]));
    const ratios = ours.map((measurement, round) => measurement[key] / (go[round]?.[key] ?? NaN));
    return { ours: Math.round(mine), go: Math.round(theirs), ratio: Number(median(ratios).toFixed(2)) };
  };
  console.log(`${connections} connection${connections === 1 ? '' : 's'}, medians of ${ours.length} rounds`);
  console.table({ 'requests/s': row('perSecond'), 'p50 (µs)': row('p50us'), 'p99 (µs)': row('p99us') });
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

await main(process.argv.slice(2));

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Argument, Batch } from '../../src/kernel/kernel.js';
import { WouldBlock } from './blocking.js';
import { calls } from './calls.js';
import { ModelPanic } from './failure.js';
import { openModel, type Model } from './model.js';
import { random, type Random } from './random.js';

const rounds = 30_000;
const roundsOfOneModel = 1000;
const arenaSize = 512;
const offsets = [0, 8, 64, 100];
// Those after which the process can make no more calls, or is nobody any more.
const final = new Set(['_exit', 'execve', 'kill', 'jail_attach', 'setuid']);
const names = Object.keys(calls).filter((symbol) => !final.has(symbol));
const texts = [
  ...[
    'jail:x:maxproc:deny=5',
    'user:1:nthr:sigkill=3/process',
    'jail:',
    ':::',
    'process:1',
    'kern.ostype',
    'pf',
  ],
  ...['/tmp', '/dev/null', '/dev/pts/0', '/dev/tty', '', 'a'.repeat(300)],
];

/** Integers that mean something to some call. */
function integers({ system }: Model): number[] {
  const { constants: c } = system.bindings;
  const requests = [
    c.TIOCGWINSZ,
    c.TIOCSCTTY,
    c.TIOCSETA,
    c.TIOCGPTN,
    c.FIODGNAME,
    c.SIOCIFCREATE2,
    c.DIOCXBEGIN,
  ];
  return [...requests, c.O_RDWR, c.CPU_WHICH_JAIL, 0, 1, 2, -1, 3, 5, 20, 256, 0x7fff_ffff];
}

function hostileBatch(model: Model, next: Random): Batch {
  const pick = <T>(from: readonly T[]): T => from[next(from.length)] as T;
  const arena = new Uint8Array(arenaSize);
  for (let count = 0; count < 40; count++) arena[next(arenaSize)] = next(256);
  arena.set(Buffer.from(`${pick(texts)}\0`));
  const args = Array.from({ length: 6 }, (): Argument => {
    return next(3) === 0 ? { arena: pick(offsets) } : pick(integers(model));
  });
  const fixups =
    next(2) === 0
      ? []
      : [
          { at: 8, to: 64 },
          { at: 72, to: 0 },
        ];
  return { arena, fixups, calls: [{ symbol: pick(names), args }] };
}

/** What the model may say of a call besides an answer: that it would not return, and requests that it lacks. */
function isAllowed(error: unknown): boolean {
  if (error instanceof WouldBlock || error instanceof ModelPanic) return true;
  return error instanceof RangeError && error.message.endsWith('not a request of the model');
}

it('the model answers whatever it is asked', (t) => {
  // The same ones each time, so that it says the same of a change everywhere; others are tried by hand.
  const seed = Number(process.env['SEED'] ?? 1);
  t.diagnostic(`SEED=${seed}`);
  const next = random(seed);
  let model = openModel(12);
  let answered = 0;
  for (let round = 0; round < rounds; round++) {
    // A process that a signal of its terminal has ended makes no calls.
    if (round % roundsOfOneModel === 0 || !model.kernel.process.alive) {
      model = openModel(([12, 14, 15] as const)[next(3)] ?? 14);
    }
    const batch = hostileBatch(model, next);
    try {
      model.kernel.runSync(batch);
      answered++;
    } catch (error) {
      if (model.kernel.process.alive && !isAllowed(error)) {
        throw new Error(`SEED=${seed}, round ${round}: ${batch.calls[0]?.symbol ?? ''}`, { cause: error });
      }
    }
  }
  assert.ok(answered > rounds / 2, `${answered} answers`);
});

import type { Descriptor } from './descriptor.js';
import { pipeSource } from './source.js';

export interface ReadinessRules {
  /** Whether only a byte means ready (`binary-v2`), or closing the pipe does too (`binary`). */
  readonly strict: boolean;
  /** How long the logger may take to get ready, in milliseconds. */
  readonly readyTimeoutMs: number;
  /**
   * How long an exit may lag behind the closed pipe, in milliseconds. A logger that dies closes its pipes a moment before its
   * exit can be seen; without this wait it would pass for one that is ready.
   */
  readonly exitGraceMs: number;
}

type Event =
  { readonly kind: 'byte' | 'closed' | 'late' } | { readonly kind: 'ended'; readonly outcome: string };

/**
 * Waits until a logger says on its readiness pipe that it may be written to. Throws an Error saying what the logger did
 * instead, when it ended, closed the pipe without a byte (strict), or did nothing in time. Closes the pipe.
 * `ended` resolves with how the logger's process ended.
 */
export async function waitUntilReady(
  pipe: Descriptor,
  ended: Promise<string>,
  rules: ReadinessRules,
): Promise<void> {
  const stop = new AbortController();
  try {
    const exit = ended.then((outcome): Event => ({ kind: 'ended', outcome }));
    const first = await Promise.race([
      firstAnswer(pipe, stop.signal),
      exit,
      after(rules.readyTimeoutMs, stop.signal),
    ]);
    if (first.kind === 'byte') return;
    if (first.kind === 'late') throw new Error(`was not ready within ${rules.readyTimeoutMs} ms`);
    if (first.kind === 'ended') throw new Error(`${first.outcome} before it was ready`);

    const next = await Promise.race([exit, after(rules.exitGraceMs, stop.signal)]);
    if (next.kind === 'ended') throw new Error(`${next.outcome} before it was ready`);
    if (rules.strict) throw new Error('closed its readiness pipe without writing to it');
  } finally {
    stop.abort();
  }
}

function firstAnswer(pipe: Descriptor, stop: AbortSignal): Promise<Event> {
  return new Promise((resolve, reject) => {
    const socket = pipeSource(pipe, {
      buffer: Buffer.alloc(1),
      callback: () => {
        resolve({ kind: 'byte' });
        return false;
      },
    });
    socket.once('end', () => {
      resolve({ kind: 'closed' });
    });
    socket.on('error', reject);
    stop.addEventListener('abort', () => socket.destroy(), { once: true });
  });
}

function after(milliseconds: number, stop: AbortSignal): Promise<Event> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds, { kind: 'late' });
    stop.addEventListener('abort', () => {
      clearTimeout(timer);
    });
  });
}

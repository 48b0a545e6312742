import { setTimeout } from 'node:timers/promises';
import { ImageError } from '../error.js';
import { RequestError } from './problem.js';

/** Waits; ends early, by throwing, when the signal comes. */
export type Wait = (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;

export const wait: Wait = async (milliseconds, signal) => {
  try {
    await setTimeout(milliseconds, undefined, { signal });
  } catch (error) {
    throw new ImageError('cancelled', 'cancelled', { cause: error });
  }
};

export const mostTries = 5;
const first = 250;
const longest = 10_000;
/** A server that wants a longer pause is an error: people want to know, not to wait. */
const longestAsked = 60_000;

/** @returns milliseconds to wait before try number `tried` + 1, with chance in it so that clients do not come back as one */
export function pauseAfter(tried: number, asked: number | undefined): number {
  const most = Math.min(longest, first * 2 ** (tried - 1));
  return Math.max(asked ?? 0, most * (0.5 + Math.random() / 2));
}

/** Whether it makes sense to try again. */
export const isTransient = (error: unknown): error is RequestError =>
  error instanceof RequestError && error.transient && (error.retryAfter ?? 0) <= longestAsked;

/** Does what is safe to do again until it works, or fails in a way that stays. @throws what `work` threw last */
export async function retrying<T>(
  pause: Wait,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      if (tried >= mostTries || !isTransient(error)) throw error;
      await pause(pauseAfter(tried, error.retryAfter), signal);
    }
  }
}

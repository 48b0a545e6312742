import type { Timestamp } from './generated/messages.js';

/**
 * Midnight of January 1st of year 1, the zero value of a Go time. It says "has not happened yet": containerd reads an
 * absent timestamp as 1970.
 */
export const NOT_YET: Readonly<Timestamp> = Object.freeze({ seconds: -62135596800, nanos: 0 });

const nanosPerSecond = 1_000_000_000n;

/** From nanoseconds since 1970. */
export function fromNanoseconds(time: bigint): Timestamp {
  const nanos = ((time % nanosPerSecond) + nanosPerSecond) % nanosPerSecond;
  return { seconds: Number((time - nanos) / nanosPerSecond), nanos: Number(nanos) };
}

/** From milliseconds since 1970, as Date.now() gives them; a fraction is cut to nanoseconds. */
export function fromMilliseconds(time: number): Timestamp {
  const whole = Math.floor(time);
  return fromNanoseconds(BigInt(whole) * 1_000_000n + BigInt(Math.floor((time - whole) * 1_000_000)));
}

/** To nanoseconds since 1970. */
export function toNanoseconds({ seconds, nanos }: Timestamp): bigint {
  return BigInt(seconds) * nanosPerSecond + BigInt(nanos);
}

/** False for an absent timestamp and for NOT_YET. */
export function hasHappened(time: Timestamp | null): time is Timestamp {
  return time !== null && BigInt(time.seconds) !== BigInt(NOT_YET.seconds);
}

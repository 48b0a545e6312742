import { Failure } from './failure.js';
import type { Memory } from './memory.js';
import type { OptionList } from './option-list.js';

/**
 * Runs a call, and leaves the kernel's words in the caller's errmsg if it fails with some. Without words the buffer
 * stays as it was.
 *
 * @param style jail_set(2) cuts the text and ends it with a NUL; nmount(2) fills the buffer as strncpy(3) does
 */
export function withErrmsg<T>(
  memory: Memory,
  options: OptionList,
  style: 'terminated' | 'filled',
  body: () => T,
): T {
  const errmsg = options.take('errmsg');
  const say = (): void => {
    if (options.text === undefined || errmsg?.value === undefined) return;
    const size = errmsg.value.byteLength;
    const text = Buffer.from(`${options.text}\0`);
    const buffer = memory.at(errmsg.address, size);
    if (style === 'filled') buffer.fill(0);
    buffer.set(text.subarray(0, size));
    if (style === 'terminated' && text.byteLength > size) buffer[size - 1] = 0;
  };
  try {
    const value = body();
    // There are words without a failure.
    say();
    return value;
  } catch (error) {
    if (error instanceof Failure) say();
    throw error;
  }
}

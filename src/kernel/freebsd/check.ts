// Input is refused here, before any call, with the name of the field that it was meant for.

const int32Max = 0x7fff_ffff;

/** An integer within bounds, both inclusive. Throws a RangeError. */
export function checkInteger(what: string, value: number, least: number, most: number): number {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new RangeError(`${what}: ${value} is not an integer from ${least} to ${most}`);
  }
  return value;
}

/** A user or group id. -1 means "leave as it is" to chown(2) and is no id. Throws a RangeError. */
export function checkId(what: string, value: number): number {
  return checkInteger(what, value, 0, 0xffff_fffe);
}

/** A jail or process that exists: its id is positive. Zero and negative ids mean something else to many calls. */
export function checkPositive(what: string, value: number): number {
  return checkInteger(what, value, 1, int32Max);
}

/** Text of which the kernel takes at most `capacity` bytes, its NUL included. Throws a RangeError. */
export function checkText(what: string, value: string, capacity: number): string {
  if (value.includes('\0')) throw new RangeError(`${what}: contains a NUL`);
  const length = Buffer.byteLength(value);
  if (length >= capacity) throw new RangeError(`${what}: ${length} bytes, at most ${capacity - 1}`);
  return value;
}

/** Text as `checkText` wants it that is not empty. Throws a RangeError. */
export function checkNonEmpty(what: string, value: string, capacity: number): string {
  if (value === '') throw new RangeError(`${what}: empty`);
  return checkText(what, value, capacity);
}

/**
 * An absolute path in its plain form: no '.', no '..', no repeated or trailing slash. Comparing two such paths says
 * something, unless symbolic links are involved. Throws a RangeError.
 */
export function checkPlainPath(what: string, value: string, capacity: number): string {
  checkNonEmpty(what, value, capacity);
  const parts = value.split('/').slice(1);
  const plain = value === '/' || parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (!value.startsWith('/') || !plain) {
    throw new RangeError(`${what}: '${value}' is not an absolute path in plain form`);
  }
  return value;
}

/** The name of an interface. The kernel checks nothing but its length, and unit numbers of other names clash. */
export function checkInterfaceName(what: string, value: string, capacity: number): string {
  checkText(what, value, capacity);
  if (!/^[A-Za-z][A-Za-z0-9._-]*$/.test(value)) {
    throw new RangeError(
      `${what}: '${value}' is not a name of an interface: a letter, then letters, digits, '.', '_', '-'`,
    );
  }
  return value;
}

/** What a word stands for in a table. The words come from types, and types from checks elsewhere. Throws a RangeError. */
export function checkWord<K extends string, T>(what: string, word: K, table: Readonly<Record<K, T>>): T {
  if (!Object.hasOwn(table, word)) {
    throw new RangeError(`${what}: '${word.slice(0, 32)}' is none of ${Object.keys(table).join(', ')}`);
  }
  return table[word];
}

/** A name that this release has. Throws an Error that says so if it has not. */
export function required<T>(value: T | undefined, name: string, release: number): T {
  if (value === undefined) throw new Error(`${name} is not in FreeBSD ${release}`);
  return value;
}

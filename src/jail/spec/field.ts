import { RuntimeError } from '../../runtime/error.js';

/**
 * A value of a spec together with where it stands, so that whoever finds it wrong can say so: "process.cwd: …". Members
 * that are null count as absent, as Go writes them for empty lists.
 */
export class Field {
  readonly name: string;
  readonly #value: unknown;

  constructor(name: string, value: unknown) {
    this.name = name;
    this.#value = value ?? undefined;
  }

  get present(): boolean {
    return this.#value !== undefined;
  }

  /** True for what asks for nothing: absent, false, 0, "", and lists and objects without members. */
  get empty(): boolean {
    const value = this.#value;
    if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
    return value === undefined || value === false || value === 0 || value === '';
  }

  /** A member of an object; absent if the object is. */
  member(key: string): Field {
    const name = this.name === '' ? shownKey(key) : `${this.name}.${shownKey(key)}`;
    return new Field(name, this.#object()[key]);
  }

  /** The members of an object; none if it is absent. */
  members(): [key: string, member: Field][] {
    return Object.keys(this.#object()).map((key) => [key, this.member(key)]);
  }

  /** The elements of a list; none if it is absent. */
  elements(): Field[] {
    if (!this.present) return [];
    if (!Array.isArray(this.#value)) return this.invalid('not a list');
    return this.#value.map((value: unknown, index) => new Field(`${this.name}[${index}]`, value));
  }

  /** Text that is not empty and has no NUL. */
  text(): string {
    const value = this.anyText();
    return value === '' ? this.invalid('empty') : value;
  }

  /** Text without NUL, perhaps empty. */
  anyText(): string {
    const value = this.#value;
    if (typeof value !== 'string') return this.invalid(`${shown(value)} is not text`);
    return value.includes('\0') ? this.invalid('contains a NUL') : value;
  }

  boolean(): boolean {
    const value = this.#value;
    return typeof value === 'boolean' ? value : this.invalid(`${shown(value)} is neither true nor false`);
  }

  /** An integer within bounds, both inclusive. */
  integer(least: number, most: number): number {
    const value = this.#value;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    return this.invalid(`${shown(value)} is not an integer from ${least} to ${most}`);
  }

  oneOf<const T extends readonly string[]>(...values: T): T[number] {
    const found = values.find((value) => value === this.#value);
    return found ?? this.invalid(`${shown(this.#value)} is none of ${values.join(', ')}`);
  }

  /** What the reader makes of it, or undefined if it is absent. */
  optional<T>(read: (field: Field) => T): T | undefined {
    return this.present ? read(this) : undefined;
  }

  /** @throws RuntimeError invalid, always */
  invalid(why: string): never {
    throw new RuntimeError('invalid', `${this.name}: ${why}`);
  }

  /** @throws RuntimeError unsupported, always */
  unsupported(why: string): never {
    throw new RuntimeError('unsupported', `${this.name}: ${why}`);
  }

  #object(): Readonly<Record<string, unknown>> {
    const value = this.#value;
    if (value === undefined) return {};
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.invalid('not an object');
    }
    // Without the members that every object inherits.
    return Object.assign(Object.create(null), value) as Record<string, unknown>;
  }
}

/** A value as it may stand in a message: of one line, short, and of no more than its kind if it has parts. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  const short = typeof value === 'string' && value.length > 80 ? `${value.slice(0, 79)}…` : value;
  return JSON.stringify(short);
}

/** The name of a member as it may stand in a message: clients choose the keys of some objects. */
export function shownKey(key: string): string {
  return /^[\w./-]{1,100}$/.test(key) ? key : shown(key);
}

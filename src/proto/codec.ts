import $protobuf from 'protobufjs/minimal.js';
import { fromHalves } from './int64.js';
import { StrictReader, StrictWriter } from './wire.js';

/** Turns values into the bytes of a message and back. */
export interface Codec<T> {
  /** Fields left out have their default value at the other end. Throws a RangeError for an integer out of range. */
  encode(value: Partial<T>): Uint8Array;
  /**
   * All fields are present in the result: a scalar left out has its default value, a message null. Byte fields share
   * memory with the input. Throws a DecodeError for what is not such a message.
   */
  decode(bytes: Uint8Array): T;
}

/** A codec that knows its message's full name, such as `containerd.events.TaskExit`. */
export interface MessageType<T> extends Codec<T> {
  readonly typeName: string;
}

/** Bytes that are not the message they should be; says which message and why. */
export class DecodeError extends Error {
  constructor(typeName: string, cause: unknown) {
    super(`cannot decode ${typeName}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'DecodeError';
  }
}

/** A message's class in protobufjs' static code. */
export interface StaticType {
  encode(value: object, writer: $protobuf.Writer): $protobuf.Writer;
  decode(reader: $protobuf.Reader): object;
}

/** Gives a class of the static code its type and name; used by the generated modules only. */
export function message<T extends object>(typeName: string, type: StaticType): MessageType<T> {
  return {
    typeName,
    encode: (value) => type.encode(value, new StrictWriter()).finish(),
    decode(bytes) {
      try {
        return plain(type.decode(new StrictReader(bytes))) as T;
      } catch (error) {
        throw new DecodeError(typeName, error);
      }
    },
  };
}

// The static code keeps default values in prototypes, where spreading, comparing and JSON do not see them. The loop
// visits inherited fields as well.
function plain(source: object): object {
  const fields: Record<string, unknown> = {};
  for (const name in source) fields[name] = plainValue((source as Record<string, unknown>)[name]);
  return fields;
}

function plainValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(plainValue);
  if (isLong(value)) return fromHalves(value, value.unsigned);
  return Object.getPrototypeOf(value) === Object.prototype ? { ...value } : plain(value);
}

function isLong(value: object): value is InstanceType<typeof $protobuf.util.Long> {
  return value instanceof $protobuf.util.Long;
}

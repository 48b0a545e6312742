// The static code and @grpc/proto-loader's codecs, which are made from the .proto files at run time, must agree on every
// message type.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import protoLoader, { type AnyDefinition, type MessageTypeDefinition } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import { DecodeError, type MessageType } from '../../src/proto/codec.js';
import * as cgroupsV1 from '../../src/proto/generated/cgroups-v1.js';
import * as cgroupsV2 from '../../src/proto/generated/cgroups-v2.js';
import * as messages from '../../src/proto/generated/messages.js';
import { chooseSeed, createRandom, type Random } from './random.js';

type Fields = Record<string, unknown>;

const protoDir = fileURLToPath(new URL('../../../proto', import.meta.url));
const files = readdirSync(protoDir, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.proto'),
);
// As in scripts/generate-proto: our own google/protobuf files, not those within protobufjs.
for (const file of files) Reflect.deleteProperty(protobuf.common, file);
const definitions = protoLoader.loadSync(files, {
  includeDirs: [protoDir],
  longs: String,
  defaults: true,
});
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => resolve(protoDir, target);
root.loadSync(files);

const staticTypes = [messages, cgroupsV1, cgroupsV2]
  .flatMap((module): unknown[] => Object.values(module))
  .filter((value) => typeof (value as Partial<MessageType<Fields>>).typeName === 'string')
  .map((value) => value as MessageType<Fields>);

const seed = chooseSeed();
const rounds = 50;

for (const type of staticTypes) {
  test(`${type.typeName} agrees with its .proto file, SEED=${seed}`, () => {
    const definition = definitions[type.typeName];
    assert.ok(definition !== undefined && isMessage(definition));
    const random = createRandom(seed);
    for (let round = 0; round < rounds; round += 1) {
      const value = randomMessage(root.lookupType(type.typeName), random);
      const bytes = Buffer.from(type.encode(value));
      assert.equal(bytes.toString('hex'), definition.serialize(forLoader(value) as object).toString('hex'));
      const decoded = type.decode(bytes);
      assert.deepEqual(comparable(decoded), comparable(definition.deserialize(bytes)));
      for (const field of Object.keys(value)) {
        assert.deepEqual(decoded[field], value[field], field);
      }
    }
  });

  test(`${type.typeName} decodes or refuses damaged bytes, SEED=${seed}`, () => {
    const random = createRandom(seed);
    for (let round = 0; round < rounds; round += 1) {
      const bytes = Buffer.from(type.encode(randomMessage(root.lookupType(type.typeName), random)));
      for (let change = random(4); change >= 0 && bytes.length > 0; change -= 1) {
        bytes[random(bytes.length)] = random(256);
      }
      const damaged = bytes.subarray(0, random(bytes.length + 1));
      try {
        type.decode(damaged);
      } catch (error) {
        assert.ok(error instanceof DecodeError, `${damaged.toString('hex')}: ${String(error)}`);
      }
    }
  });
}

test('every message type of the .proto files has static code', () => {
  const described = Object.entries(definitions).filter(([, definition]) => isMessage(definition));
  assert.deepEqual(staticTypes.map((type) => type.typeName).sort(), described.map(([name]) => name).sort());
});

function isMessage(definition: AnyDefinition): definition is MessageTypeDefinition<object, object> {
  return definition.format === 'Protocol Buffer 3 DescriptorProto';
}

function randomMessage(type: protobuf.Type, random: Random): Fields {
  const fields: Fields = {};
  for (const field of type.fieldsArray) {
    if (random(3) === 0) continue;
    if (field.map) {
      fields[field.name] = Object.fromEntries(list(random, () => [text(random), randomOne(field, random)]));
    } else {
      fields[field.name] = field.repeated
        ? list(random, () => randomOne(field, random))
        : randomOne(field, random);
    }
  }
  return fields;
}

function randomOne(field: protobuf.Field, random: Random): unknown {
  field.resolve();
  if (field.resolvedType instanceof protobuf.Type) return complete(field.resolvedType, random);
  if (field.resolvedType instanceof protobuf.Enum) {
    return pick(random, Object.values(field.resolvedType.values));
  }
  switch (field.type) {
    case 'string':
      return text(random);
    case 'bytes':
      return Buffer.from(list(random, () => random(256)));
    case 'bool':
      return random(2) === 1;
    case 'double':
      return pick(random, [0, 0.5, -1e300, 99.97]);
    case 'int32':
      return pick(random, [0, -1, -(2 ** 31), 2 ** 31 - 1, random(2 ** 31)]);
    case 'uint32':
      return pick(random, [0, 127, 128, 2 ** 32 - 1, random(2 ** 32)]);
    case 'int64':
      return pick(random, [0, -1, -62135596800, -(2n ** 63n), 2n ** 63n - 1n, random(2 ** 32)]);
    case 'uint64':
      return pick(random, [0, 127, 128, 2 ** 32, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n, random(2 ** 32)]);
    default:
      throw new Error(`${field.fullName}: no random ${field.type} here`);
  }
}

// Within a message all fields are required by the types, so all are given.
function complete(type: protobuf.Type, random: Random): Fields {
  const fields = randomMessage(type, random);
  for (const field of type.fieldsArray) {
    if (fields[field.name] !== undefined) continue;
    field.resolve();
    const isMessage = field.resolvedType instanceof protobuf.Type;
    if (field.map) fields[field.name] = {};
    else if (field.repeated) fields[field.name] = [];
    else fields[field.name] = isMessage ? null : randomOne(field, random);
  }
  return fields;
}

function list<T>(random: Random, one: () => T): T[] {
  return Array.from({ length: random(4) }, one);
}

function pick<T>(random: Random, choices: T[]): T {
  return choices[random(choices.length)] as T;
}

function text(random: Random): string {
  return pick(random, ['', 'a', 'exec-1', 'ключ', '😀', '__proto__', 'x'.repeat(200), '\0\n']);
}

// proto-loader takes and gives 64-bit integers as decimal strings, and leaves out what is null.
function forLoader(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(forLoader);
  const entries = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(entries.map(([name, field]) => [name, forLoader(field)]));
}

// The same with every number as a string: where proto-loader gives strings, decode gives numbers and bigints.
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(forLoader(value), (_name, field: unknown) =>
      typeof field === 'number' ? field.toString() : field,
    ),
  );
}

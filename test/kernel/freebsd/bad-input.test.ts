import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { allBindings } from '../../../src/kernel/bindings/select.js';
import { BatchBuilder } from '../../../src/kernel/freebsd/batch-builder.js';
import type { Kernel } from '../../../src/kernel/kernel.js';
import { parts, validInput, type Valid } from './valid-input.js';

type Typed = (first: unknown, ...rest: unknown[]) => unknown;

/** Neither a path, nor a name, nor an argument of a program may be so long. */
const tooLong = 'x'.repeat(1 << 20);

const folder = new URL('../../../src/kernel/freebsd/', import.meta.url);
const functions = new Map<string, { readonly call: Typed; readonly asks: boolean }>();
for (const file of await readdir(folder)) {
  if (!file.endsWith('.js')) continue;
  const exported = (await import(new URL(file, folder).href)) as Record<string, unknown>;
  for (const [name, value] of Object.entries(exported)) {
    // The name of the first parameter tells what a function is, everywhere in this folder.
    const first =
      typeof value === 'function' ? /^(?:async )?function \w+\((b|system)\b/.exec(String(value)) : null;
    if (first === null) continue;
    functions.set(`${file.slice(0, -3)}.${name}`, { call: value as Typed, asks: first[1] === 'system' });
  }
}

/** What a text or a number is replaced with; none for what has no bad values of its type. */
function badValues(value: unknown): unknown[] {
  switch (typeof value) {
    case 'string':
      return [`${value.slice(0, 1)}\0${value.slice(1)}`, value.slice(0, 1) + tooLong];
    case 'number':
      return [NaN, value + 0.5, -(2 ** 40), 2 ** 53];
    case 'bigint':
      return [-(1n << 70n), 1n << 70n];
    default:
      return [];
  }
}

/** The arguments with one text or number replaced, in every way, by paths that say which. */
function* spoiled(
  value: unknown,
  path = '',
): Generator<readonly [path: string, bad: unknown, whole: unknown]> {
  for (const bad of badValues(value)) yield [path, bad, bad];
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  for (const [key, part] of Object.entries(value) as [string, unknown][]) {
    for (const [inner, bad, whole] of spoiled(part, path === '' ? key : `${path}.${key}`)) {
      const copy: unknown = Array.isArray(value)
        ? value.map((own: unknown, index) => (String(index) === key ? whole : own))
        : { ...value, [key]: whole };
      yield [inner, bad, copy];
    }
  }
}

/** A kernel that is never to be called. */
function refusing(): { readonly kernel: Kernel; readonly called: () => number } {
  let calls = 0;
  const kernel: Kernel = {
    platform: 'freebsd',
    run: () => {
      calls++;
      return Promise.reject(new Error('called'));
    },
    close: () => undefined,
  };
  return { kernel, called: () => calls };
}

/** Calls a function, which is to throw; answers what it threw, or undefined. */
async function thrownBy(name: string, args: readonly unknown[], release: number): Promise<Error | undefined> {
  const { call, asks } = functions.get(name) ?? assert.fail(`${name} is not there`);
  const bindings = allBindings.find((set) => set.release === release) ?? assert.fail('no bindings');
  const { kernel, called } = refusing();
  const b = new BatchBuilder(bindings);
  try {
    await call(asks ? { kernel, bindings } : b, ...args);
  } catch (error) {
    assert.ok(error instanceof Error);
    return called() > 0 ? undefined : error;
  }
  return undefined;
}

/** Whether a function is about something that this release has not. */
function isMissing(error: Error | undefined): boolean {
  return error !== undefined && / is not in FreeBSD \d+$/.test(error.message);
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 20 ? `${text.slice(0, 20)}…` : text;
}

describe('bad input, to every function that leads to the kernel', () => {
  it('is known for all of them: a new one must be put into the table', () => {
    const known = [...Object.keys(validInput), ...parts].sort();
    assert.deepEqual([...functions.keys()].sort(), known);
  });

  for (const release of [12, 14, 15]) {
    for (const [name, { args, said = [] }] of Object.entries<Valid>(validInput)) {
      it(`is refused by ${name} on ${release} before any call, naming the field`, async () => {
        if (isMissing(await thrownBy(name, args, release))) return;
        const accepted: string[] = [];
        for (const [path, bad, whole] of spoiled(args)) {
          if (said.includes(path)) continue;
          const error = await thrownBy(name, whole as unknown[], release);
          const named = error instanceof RangeError && /^[^:]{2,60}: /.test(error.message);
          if (!named)
            accepted.push(`${path} = ${show(bad)}: ${error === undefined ? 'taken' : String(error)}`);
        }
        assert.deepEqual(accepted, []);
      });
    }
  }

  for (const release of [12, 14, 15]) {
    it(`is not what the table begins with, on ${release}`, async () => {
      const refused: string[] = [];
      for (const [name, { args }] of Object.entries(validInput)) {
        const error = await thrownBy(name, args, release);
        if (error !== undefined && !isMissing(error)) refused.push(`${name}: ${String(error)}`);
      }
      assert.deepEqual(refused, []);
    });
  }
});

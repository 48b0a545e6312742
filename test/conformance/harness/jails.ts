import assert from 'node:assert/strict';
import type { Kernel } from '../../../src/kernel/kernel.js';
import type { Case } from './case.js';
import { callWithOptions, int, text, type OptionsOutcome, type RawOption } from './raw.js';

export const create = 1;
export const update = 2;
export const attach = 4;
export const dying = 8;
/** Presence is all that counts. */
export const on: null = null;

/** jail_set(2) as it is; a jail that comes of it is removed at the end of the case. */
export async function jailSet(
  c: Case,
  options: readonly RawOption[],
  flags = create,
  more: Parameters<typeof callWithOptions>[4] = {},
): Promise<OptionsOutcome> {
  const outcome = await callWithOptions(c.system.kernel, 'jail_set', options, flags, more);
  if (outcome.error === '') c.removeLater(outcome.value);
  return outcome;
}

/** Makes a jail that persists, with these options as well, and answers its jid. */
export async function made(c: Case, ...options: RawOption[]): Promise<number> {
  const named: RawOption[] = [['name', text(c.name('jail'))], ['persist', on], ...options];
  const { value, error, text: said } = await jailSet(c, named);
  assert.deepEqual([error, said], ['', '']);
  return value;
}

/** Says that a new jail with these options is refused so, with these words. */
export async function refuses(
  c: Case,
  options: readonly RawOption[],
  error: string,
  said = '',
  flags = create,
): Promise<void> {
  const outcome = await jailSet(c, options, flags);
  assert.deepEqual({ error: outcome.error, said: outcome.text }, { error, said });
}

/** As `refuses`, of a jail that has a name and persists. */
export async function refusesWith(
  c: Case,
  option: RawOption | readonly RawOption[],
  error: string,
  said = '',
): Promise<void> {
  const more = (typeof option[0] === 'string' ? [option] : option) as readonly RawOption[];
  await refuses(c, [['name', text(c.name('jail'))], ['persist', on], ...more], error, said);
}

/** jail_get(2) as it is. */
export function jailGet(
  kernel: Kernel,
  options: readonly RawOption[],
  flags = 0,
  more: Parameters<typeof callWithOptions>[4] = {},
): Promise<OptionsOutcome> {
  return callWithOptions(kernel, 'jail_get', options, flags, more);
}

/** Parameters of type int of a jail. */
export async function ints(c: Case, jid: number, ...names: readonly string[]): Promise<readonly number[]> {
  const options = names.map((name): RawOption => [name, new Uint8Array(4)]);
  const {
    values,
    error,
    text: said,
  } = await jailGet(c.system.kernel, [['jid', int(jid)], ...options], dying);
  assert.deepEqual([error, said], ['', ''], `jail_get of ${names.join(', ')}`);
  return values.slice(1).map((value) => new DataView(value.buffer).getInt32(0, true));
}

/** A parameter that is text. */
export async function textOf(c: Case, jid: number, name: string): Promise<string> {
  const wanted: RawOption = [name, new Uint8Array(1024)];
  const { values, error } = await jailGet(c.system.kernel, [['jid', int(jid)], wanted], dying);
  assert.equal(error, '', `jail_get of ${name}`);
  const [, value = new Uint8Array(0)] = values;
  return Buffer.from(value.subarray(0, value.indexOf(0))).toString();
}

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Arena } from '../../../src/kernel/arena.js';
import type { Bindings } from '../../../src/kernel/bindings/types.js';
import { listAnchors } from '../../../src/kernel/freebsd/pf-anchor.js';
import type { FreeBSD } from '../../../src/kernel/freebsd/run.js';
import { readStruct, type StructInput } from '../../../src/kernel/layout.js';
import type { Case } from './case.js';
import { call, type Outcome } from './raw.js';

type Layouts = Bindings['layouts'];

/** Opens /dev/pf; it is closed at the end of the case. */
export async function openPf(c: Case, system = c.system, flags = c.constants.O_RDWR): Promise<number> {
  const { AT_FDCWD } = c.constants;
  const { value, error } = await call(system.kernel, 'openat', (arena) => [
    AT_FDCWD,
    { arena: arena.text('/dev/pf', 'path') },
    flags,
    0,
  ]);
  assert.equal(error, '', 'open /dev/pf');
  c.defer(() => call(system.kernel, 'close', () => [value]));
  return value;
}

/** A request of pf(4) as it is. */
export async function pfControl(
  c: Case,
  request: keyof Bindings['constants'] | number,
  data: (arena: Arena) => number,
  { system = c.system, fd }: { system?: FreeBSD; fd?: number } = {},
): Promise<Outcome & { readonly arena: Uint8Array }> {
  const descriptor = fd ?? (await openPf(c, system));
  const number = typeof request === 'number' ? request : c.constants[request];
  assert.equal(typeof number, 'number', `${request} is not in FreeBSD ${c.release}`);
  return call(system.kernel, 'ioctl', (arena) => [descriptor, number as number, { arena: data(arena) }]);
}

/** A request with one structure; answers it as it was afterwards. */
export async function pfStruct(
  c: Case,
  request: keyof Bindings['constants'],
  name: 'pfioc_rule' | 'pfioc_pooladdr' | 'pfioc_ruleset' | 'pfioc_states',
  fill: (arena: Arena, at: number) => void,
  options: Parameters<typeof pfControl>[3] = {},
): Promise<{ readonly error: string; readonly bytes: Uint8Array }> {
  const layout = c.system.bindings.layouts[name];
  let at = 0;
  const { error, arena } = await pfControl(
    c,
    request,
    (a) => {
      at = a.reserve(layout.size);
      fill(a, at);
      return at;
    },
    options,
  );
  return { error, bytes: arena.slice(at, at + layout.size) };
}

/** One ruleset in a transaction: its PF_RULESET_*, its anchor as text or as the bytes of the field, its ticket. */
export type Element = readonly [ruleset: number, anchor: string | Uint8Array, ticket?: number];

/** DIOCXBEGIN, DIOCXCOMMIT or DIOCXROLLBACK as it is, and the tickets that are there afterwards. */
export async function transact(
  c: Case,
  request: 'DIOCXBEGIN' | 'DIOCXCOMMIT' | 'DIOCXROLLBACK',
  elements: readonly Element[],
  {
    system = c.system,
    fd,
    ...wrong
  }: { system?: FreeBSD; fd?: number; size?: number; esize?: number; array?: null } = {},
): Promise<{ readonly error: string; readonly tickets: readonly number[] }> {
  const { pfioc_trans, pfioc_trans_e } = c.system.bindings.layouts;
  let first = 0;
  const build = (arena: Arena): number => {
    first = arena.reserve(Math.max(1, elements.length) * pfioc_trans_e.size);
    elements.forEach(([rs_num, anchor, ticket = 0], index) => {
      arena.writeStruct(first + index * pfioc_trans_e.size, pfioc_trans_e, { rs_num, anchor, ticket });
    });
    return arena.struct(pfioc_trans, {
      size: elements.length,
      esize: pfioc_trans_e.size,
      array: first,
      ...wrong,
    });
  };
  const options = fd === undefined ? { system } : { system, fd };
  const { error, arena } = await pfControl(c, request, build, options);
  const tickets = elements.map((_, index) => {
    return readStruct(arena, first + index * pfioc_trans_e.size, pfioc_trans_e).ticket;
  });
  return { error, tickets };
}

/** Begins transactions that must begin, and answers their tickets. */
export async function begun(c: Case, ...elements: Element[]): Promise<readonly number[]> {
  const { error, tickets } = await transact(c, 'DIOCXBEGIN', elements);
  assert.equal(error, '', 'DIOCXBEGIN');
  return tickets;
}

/** Says how DIOCXCOMMIT of these ends. */
export async function commits(c: Case, error: string, ...elements: Element[]): Promise<void> {
  assert.equal((await transact(c, 'DIOCXCOMMIT', elements)).error, error);
}

/** The anchors of a case. They may call each other: all of them are emptied before any is waited for. */
const anchorsOf = new WeakMap<Case, string[]>();

/** A name for an anchor below the main ruleset. It is emptied at the end, with all that is below it, and gone then. */
export function anchorName(c: Case): string {
  const name = c.name('pf');
  const names = anchorsOf.get(c) ?? [];
  if (names.length === 0) {
    anchorsOf.set(c, names);
    c.defer(async () => {
      for (const each of names) await empty(c, each);
      for (const each of names) await gone(c, each);
    });
  }
  names.push(name);
  return name;
}

/** Empties an anchor and all that is below it: those at the bottom first. */
export async function empty(c: Case, path: string): Promise<void> {
  for (const child of await listChildren(c, path)) await empty(c, `${path}/${child}`);
  if (!(await isThere(c, path))) return;
  const elements = [0, 1, 2, 3, 4].map((kind): Element => [kind, path]);
  const tickets = await begun(c, ...elements);
  await commits(c, '', ...elements.map(([kind], index): Element => [kind, path, tickets[index] ?? 0]));
}

/** Waits until an anchor is gone: a rule that called it is freed by a thread of the kernel, within half a minute. */
export async function gone(c: Case, path: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (let pause = 1; await isThere(c, path); pause = Math.min(pause * 2, 500)) {
    assert.ok(Date.now() < deadline, `anchor ${path} is still there after 60 s`);
    await delay(pause);
  }
}

/** The names of the anchors directly below one. Names that the typed layer would refuse are asked for as they are. */
export async function listChildren(c: Case, path: string): Promise<string[]> {
  return /^[A-Za-z0-9_.:/-]*$/.test(path) ? listAnchors(c.system, path) : [];
}

/** Whether there is an anchor of this path. */
export async function isThere(c: Case, path: string): Promise<boolean> {
  const { error } = await pfStruct(c, 'DIOCGETRULESETS', 'pfioc_ruleset', (arena, at) => {
    arena.write(at + c.system.bindings.layouts.pfioc_ruleset.fields.path.offset, Buffer.from(path));
  });
  if (error !== '') assert.equal(error, 'ENOENT', `DIOCGETRULESETS of ${path}`);
  return error === '';
}

/** The ticket of a new pool: DIOCBEGINADDRS. */
export async function beginPool(c: Case): Promise<number> {
  const { error, bytes } = await pfStruct(c, 'DIOCBEGINADDRS', 'pfioc_pooladdr', () => undefined);
  assert.equal(error, '', 'DIOCBEGINADDRS');
  return readStruct(bytes, 0, c.system.bindings.layouts.pfioc_pooladdr).ticket;
}

/** DIOCADDADDR of an address as it is; 10.5.0.2 unless something else is given. */
export async function addToPool(
  c: Case,
  ticket: number,
  wrap: StructInput<Layouts['pf_addr_wrap']> = { addr: Uint8Array.of(10, 5, 0, 2) },
  af = c.constants.AF_INET,
): Promise<string> {
  const { pfioc_pooladdr, pf_addr_wrap } = c.system.bindings.layouts;
  const { error } = await pfStruct(c, 'DIOCADDADDR', 'pfioc_pooladdr', (arena, at) => {
    arena.writeStruct(at, pfioc_pooladdr, { ticket, af });
    arena.writeStruct(at + pfioc_pooladdr.fields.addr.offset, pf_addr_wrap, {
      mask: new Uint8Array(4).fill(0xff),
      ...wrap,
    });
  });
  return error;
}

/** A rule for DIOCADDRULE: a new pool ticket unless one is given, no routing table. */
export interface RawRule {
  readonly anchor: string;
  readonly ticket: number;
  readonly poolTicket?: number;
  readonly anchorCall?: string;
  readonly fields?: StructInput<Layouts['pf_rule']>;
}

/** DIOCADDRULE as it is. */
export async function addRaw(c: Case, rule: RawRule): Promise<string> {
  const { pfioc_rule, pf_rule } = c.system.bindings.layouts;
  const { anchor, ticket, anchorCall = '', fields = {} } = rule;
  const pool_ticket = rule.poolTicket ?? (await beginPool(c));
  const { error } = await pfStruct(c, 'DIOCADDRULE', 'pfioc_rule', (arena, at) => {
    arena.writeStruct(at, pfioc_rule, { anchor, ticket, pool_ticket, anchor_call: anchorCall });
    arena.writeStruct(at + pfioc_rule.fields.rule.offset, pf_rule, { rtableid: -1, ...fields });
  });
  return error;
}

/** Loads one ruleset of an anchor with rules that must be taken. */
export async function loaded(
  c: Case,
  ruleset: number,
  anchor: string,
  rules: readonly Omit<RawRule, 'anchor' | 'ticket'>[],
): Promise<void> {
  const [ticket = 0] = await begun(c, [ruleset, anchor]);
  for (const rule of rules) assert.equal(await addRaw(c, { ...rule, anchor, ticket }), '', 'DIOCADDRULE');
  await commits(c, '', [ruleset, anchor, ticket]);
}

/** How many active rules a ruleset has, and their ticket: DIOCGETRULES by an action that belongs into it. */
export async function ruleCount(
  c: Case,
  anchor: string,
  action: number,
): Promise<{ readonly error: string; readonly count: number; readonly ticket: number }> {
  const { pfioc_rule, pf_rule } = c.system.bindings.layouts;
  const { error, bytes } = await pfStruct(c, 'DIOCGETRULES', 'pfioc_rule', (arena, at) => {
    arena.writeStruct(at, pfioc_rule, { anchor });
    arena.writeStruct(at + pfioc_rule.fields.rule.offset, pf_rule, { action });
  });
  const { nr: count, ticket } = readStruct(bytes, 0, pfioc_rule);
  return { error, count, ticket };
}

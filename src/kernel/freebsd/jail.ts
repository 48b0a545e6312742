import type { Span } from '../arena.js';
import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { checkInteger, checkPositive, checkWord, required } from './check.js';
import {
  encodeJailParameters,
  wantJailParameter,
  type JailParameters,
  type JailValueName,
  type JailValues,
} from './jail-parameters.js';
import { isKernelError } from '../error.js';
import { run, type FreeBSD } from './run.js';
import { findSysctl } from './sysctl.js';

// JAIL_ERRMSGLEN of jail.h
const errmsgLength = 1024;

/** A jail by its number, or by a call of the same batch that returns the number. */
export type Jid = number | ResultOf;

/** How jail_set(2) shall take its parameters. */
export interface JailSetOptions {
  /** Make a new jail, change an existing one, or either. */
  readonly operation: 'create' | 'update' | 'create or update';
  /** Attach the calling process to the jail as well. */
  readonly attach?: boolean;
}

/**
 * Makes or changes a jail: jail_set(2). A new jail needs `persist` or `attach`. Answers its jid.
 *
 * @throws RangeError naming the parameter that cannot be
 */
export function setJail(b: BatchBuilder, parameters: JailParameters, options: JailSetOptions): Step<number> {
  return callJailSet(b, parameters, operationFlags(b, options), []);
}

/** A jail and the descriptor that removes it when it is closed last. */
export interface OwnedJail {
  readonly jid: number;
  readonly descriptor: number;
}

/**
 * As `setJail`, with a descriptor that owns the jail: when it is closed last, however that comes about, the jail is
 * removed. FreeBSD 15 and later.
 */
export function setOwnedJail(
  b: BatchBuilder,
  parameters: JailParameters,
  options: JailSetOptions,
): Step<OwnedJail> {
  const flag = required(b.bindings.constants.JAIL_OWN_DESC, 'JAIL_OWN_DESC', b.bindings.release);
  const offset = b.arena.scalar('i32', -1, 'desc');
  const desc = [b.arena.textSpan('desc', 'parameter'), { offset, length: 4 }];
  const step = callJailSet(b, parameters, operationFlags(b, options) | flag, desc);
  return {
    value: step.value,
    decode: (outcome) => {
      const descriptor = new DataView(outcome.arena.buffer, outcome.arena.byteOffset).getInt32(offset, true);
      return { jid: step.decode(outcome), descriptor };
    },
  };
}

function operationFlags(b: BatchBuilder, { operation, attach }: JailSetOptions): number {
  const { JAIL_CREATE, JAIL_UPDATE, JAIL_ATTACH } = b.bindings.constants;
  const flags = { create: JAIL_CREATE, update: JAIL_UPDATE, 'create or update': JAIL_CREATE | JAIL_UPDATE };
  return checkWord('operation', operation, flags) | (attach === true ? JAIL_ATTACH : 0);
}

function callJailSet(
  b: BatchBuilder,
  parameters: JailParameters,
  flags: number,
  more: readonly Span[],
): Step<number> {
  if ((flags & b.bindings.constants.JAIL_UPDATE) === 0) checkNewJail(parameters, flags, b);
  const parts = [...encodeJailParameters(b.arena, parameters), ...more];
  const object = `jail ${parameters.name ?? String(parameters.jid ?? '')}`.trim();
  const { value } = callWithErrmsg(b, 'jail_set', parts, flags, object);
  return {
    value,
    decode: (outcome) => {
      // FreeBSD 15 says "unexpected desc" without failing, and then there is no jail.
      const jid = outcome.valueOf(value);
      if (jid <= 0) throw new Error(`jail_set: ${object}: returned ${jid}`);
      return jid;
    },
  };
}

function checkNewJail(parameters: JailParameters, flags: number, b: BatchBuilder): void {
  if (parameters.persist !== true && (flags & b.bindings.constants.JAIL_ATTACH) === 0) {
    throw new RangeError('persist: a new jail must persist or be attached to');
  }
  const restricted = ['ip4', 'ip6', 'ip4.addr', 'ip6.addr'] as const;
  const clash = restricted.find((name) => parameters[name] !== undefined);
  if (parameters.vnet === 'new' && clash !== undefined) {
    throw new RangeError(
      `${clash}: a jail with a network stack of its own takes no restriction of addresses`,
    );
  }
}

/** Which jail jail_get(2) shall read: one by jid or name, or the one with the next greater jid. */
export type JailKey = { readonly jid: Jid } | { readonly name: string } | { readonly after: number };

/** What was read of a jail. */
export interface Jail<N extends JailValueName> {
  readonly jid: number;
  readonly values: Required<Pick<JailValues, N>>;
}

/**
 * Reads parameters of a jail: jail_get(2). A parameter that the kernel lacks is EINVAL: see `haveJailParameters`.
 *
 * @param dying also find a jail that is only waiting for the last holders of its resources
 */
export function getJail<const N extends JailValueName>(
  b: BatchBuilder,
  key: JailKey,
  names: readonly N[],
  { dying = false } = {},
): Step<Jail<N>> {
  const { parts, object } = keyParts(b, key);
  const wanted = names.map((name) => wantJailParameter(b.arena, name));
  const flags = dying ? b.bindings.constants.JAIL_DYING : 0;
  const all = [...parts, ...wanted.flatMap(({ name, value }) => [name, value])];
  const { value, table } = callWithErrmsg(b, 'jail_get', all, flags, object);
  return {
    value,
    decode: ({ arena, valueOf }) => {
      const view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength);
      const values = wanted.map((parameter, index): [string, JailValues[JailValueName]] => {
        const iovec = table + (parts.length + index * 2 + 1) * b.bindings.layouts.iovec.size;
        const length = Number(
          view.getBigUint64(iovec + b.bindings.layouts.iovec.fields.iov_len.offset, true),
        );
        return [names[index] ?? '', parameter.decode(arena, length)];
      });
      return { jid: valueOf(value), values: Object.fromEntries(values) as Required<Pick<JailValues, N>> };
    },
  };
}

function keyParts(b: BatchBuilder, key: JailKey): { parts: (Span | null)[]; object: string } {
  const int = (name: string, value: number): Span[] => {
    return [b.arena.textSpan(name, 'parameter'), { offset: b.arena.scalar('i32', value, name), length: 4 }];
  };
  if ('jid' in key) {
    if (typeof key.jid !== 'number') throw new RangeError('jid: jail_get needs the number itself');
    return { parts: int('jid', checkPositive('jid', key.jid)), object: `jail ${key.jid}` };
  }
  if ('after' in key) {
    const after = checkInteger('lastjid', key.after, 0, 0x7fff_ffff);
    return { parts: int('lastjid', after), object: `jail after ${key.after}` };
  }
  return { parts: encodeJailParameters(b.arena, { name: key.name }), object: `jail ${key.name}` };
}

function callWithErrmsg(
  b: BatchBuilder,
  symbol: 'jail_set' | 'jail_get',
  parts: readonly (Span | null)[],
  flags: number,
  object: string,
): { value: ResultOf; table: number } {
  // The kernel leaves the buffer alone where it has nothing to say: it has to be zero before.
  const errmsg = { offset: b.arena.reserve(errmsgLength), length: errmsgLength };
  const all = [...parts, b.arena.textSpan('errmsg', 'parameter'), errmsg];
  const table = b.arena.iovecs(all);
  const value = b.call(symbol, [{ arena: table }, all.length, flags], { object, errmsg });
  return { value, table };
}

/** Attaches the calling process for good: jail_attach(2), then chdir("/"), as the cwd may be left outside (12.1). */
export function attachJail(b: BatchBuilder, jid: Jid): Step<void> {
  const object = describeJail(jid);
  const value = b.call('jail_attach', [checkJid(jid)], { object });
  b.call('chdir', [{ arena: b.arena.text('/', 'path') }], { object: `root of ${object}` });
  return { value, decode: () => undefined };
}

/**
 * Removes a jail: jail_remove(2). Its processes are killed, which this does not wait for. Interfaces lent to the jail
 * must have been taken back or destroyed before: the teardown of its network stack and a destroy of their other half
 * at the same time have brought kernels down.
 */
export function removeJail(b: BatchBuilder, jid: Jid): Step<void> {
  return {
    value: b.call('jail_remove', [checkJid(jid)], { object: describeJail(jid) }),
    decode: () => undefined,
  };
}

function checkJid(jid: Jid): Jid {
  return typeof jid === 'number' ? checkPositive('jid', jid) : jid;
}

function describeJail(jid: Jid): string {
  return typeof jid === 'number' ? `jail ${jid}` : 'the jail of this batch';
}

/** Which of these parameters the running kernel has: those of modules come and go with them. */
export function haveJailParameters<const N extends JailValueName>(
  b: BatchBuilder,
  names: readonly N[],
): Record<N, Step<boolean>> {
  // Reading security.jail.param.NAME fails for nodes that have children; finding the name does not.
  const steps = names.map((name): [string, Step<boolean>] => {
    const step = b.attempt(() => findSysctl(b, `security.jail.param.${name}`));
    const decode: Step<boolean>['decode'] = (outcome) => {
      const found = step.decode(outcome);
      if (isKernelError(found) && found.code !== 'ENOENT') throw found;
      return !isKernelError(found);
    };
    return [name, { value: step.value, decode }];
  });
  return Object.fromEntries(steps) as Record<N, Step<boolean>>;
}

/** All jails that the caller sees below its own, by rising jid. One round trip a jail. */
export async function listJails<const N extends JailValueName>(
  system: FreeBSD,
  names: readonly N[],
  options: { readonly dying?: boolean } = {},
): Promise<Jail<N>[]> {
  const jails: Jail<N>[] = [];
  for (;;) {
    const after = jails.at(-1)?.jid ?? 0;
    const next = await run(system, (b) => b.attempt(() => getJail(b, { after }, names, options)));
    if (isKernelError(next, 'ENOENT')) return jails;
    if (isKernelError(next)) throw next;
    jails.push(next);
  }
}

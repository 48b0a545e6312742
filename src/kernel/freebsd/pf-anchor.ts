import { readStruct, readText } from '../layout.js';
import type { Bindings } from '../bindings/types.js';
import { isKernelError } from '../error.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkNonEmpty, checkWord } from './check.js';
import { control, openPacketFilter, type PacketFilter } from './pf-device.js';
import { run, type FreeBSD } from './run.js';

/** The three kinds of rulesets that an anchor of ours has. Each has rules, tickets and transactions of its own. */
export type RulesetKind = 'nat' | 'rdr' | 'filter';

/** In the order of pf.conf(5): translation comes first. */
export const rulesetKinds: readonly RulesetKind[] = ['nat', 'rdr', 'filter'];

/**
 * The path of an anchor, relative to the main ruleset: parts of letters, digits, '.', '_', '-', ':' between slashes. A part has
 * at most 63 bytes, which is less than the id of a container may have. The kernel takes nearly anything, '*' and '..'
 * included, which mean something else in a call of an anchor. Throws a RangeError.
 */
export function checkAnchor(what: string, path: string, { constants: c }: Bindings): string {
  checkNonEmpty(what, path, c.MAXPATHLEN);
  const parts = path.split('/');
  for (const part of parts) {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/.test(part)) {
      throw new RangeError(`${what}: '${part}' in '${path}' is not a name of an anchor`);
    }
    if (part.length >= c.PF_ANCHOR_NAME_SIZE) {
      throw new RangeError(`${what}: '${part}': ${part.length} bytes, at most ${c.PF_ANCHOR_NAME_SIZE - 1}`);
    }
  }
  // The kernel wants room for a whole part below each anchor that has anchors in it.
  const most = c.MAXPATHLEN - c.PF_ANCHOR_NAME_SIZE - 2;
  const parent = parts.slice(0, -1).join('/').length;
  if (parent > most) throw new RangeError(`${what}: ${parent} bytes before its last part, at most ${most}`);
  if (parts[0] === '_pf') throw new RangeError(`${what}: '_pf' is the kernel's own`);
  return path;
}

/**
 * The names of the anchors directly below one, in the order of their bytes; of those without a parent for ''. None if there is no such
 * anchor. One that others make or remove meanwhile may be missing.
 */
export async function listAnchors(system: FreeBSD, path: string): Promise<string[]> {
  const count = await run(system, (b) => {
    const pf = openPacketFilter(b);
    return b.attempt(() => countAnchors(b, pf, path));
  });
  if (isKernelError(count, 'ENOENT')) return [];
  if (isKernelError(count)) throw count;
  const names = await run(system, (b) => {
    const pf = openPacketFilter(b);
    return Array.from({ length: count }, (_, number) => b.attempt(() => anchorName(b, pf, path, number)));
  });
  return names.flatMap((name) => {
    if (!isKernelError(name)) return [name];
    // EBUSY is beyond the end, ENOENT that the anchor itself is gone.
    if (isKernelError(name, 'EBUSY', 'ENOENT')) return [];
    throw name as Error;
  });
}

/** How many anchors there are directly below one: DIOCGETRULESETS. ENOENT if it is not there. */
export function countAnchors(b: BatchBuilder, pf: PacketFilter, path: string): Step<number> {
  const { constants: c, layouts } = b.bindings;
  const at = rulesetRequest(b, path, 0);
  return {
    value: control(b, pf, c.DIOCGETRULESETS, at, `${anchorObject(path)}: DIOCGETRULESETS`),
    decode: ({ arena }) => readStruct(arena, at, layouts.pfioc_ruleset).nr,
  };
}

function anchorName(b: BatchBuilder, pf: PacketFilter, path: string, number: number): Step<string> {
  const { constants: c, layouts } = b.bindings;
  const at = rulesetRequest(b, path, number);
  return {
    value: control(b, pf, c.DIOCGETRULESET, at, `${anchorObject(path)}: DIOCGETRULESET ${number}`),
    decode: ({ arena }) => readText(readStruct(arena, at, layouts.pfioc_ruleset).name),
  };
}

function rulesetRequest(b: BatchBuilder, path: string, number: number): number {
  if (path !== '') checkAnchor('anchor', path, b.bindings);
  return b.arena.struct(b.bindings.layouts.pfioc_ruleset, { path, nr: number });
}

/** What an error says that it was about. */
export function anchorObject(path: string): string {
  return path === '' ? 'main ruleset' : `anchor ${path}`;
}

/** The number of a kind of ruleset: PF_RULESET_*. */
export function rulesetNumber({ constants: c }: Bindings, kind: RulesetKind): number {
  return checkWord('kind of rules', kind, {
    nat: c.PF_RULESET_NAT,
    rdr: c.PF_RULESET_RDR,
    filter: c.PF_RULESET_FILTER,
  });
}

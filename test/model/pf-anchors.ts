import { fail } from './failure.js';
import type { Bindings } from '../../src/kernel/bindings/types.js';
import { PfAnchor, type AnchorCall, type PacketFilter, type PfRule } from './pf-state.js';

// The tree of anchors: pf_ruleset.c.

/** pf_find_ruleset(): slashes in front do not matter, any other does. */
export function findAnchor({ main }: PacketFilter, path: string): PfAnchor | undefined {
  const plain = path.replace(/^\/+/, '');
  if (plain === '') return main;
  let here: PfAnchor | undefined = main;
  for (const name of plain.split('/')) here = here?.children.get(name);
  return here;
}

/** pf_find_or_create_ruleset(): EINVAL if a part is empty or too long. What was made before that part stays. */
export function findOrCreateAnchor(filter: PacketFilter, path: string, { constants: c }: Bindings): PfAnchor {
  const plain = path.replace(/^\/+/, '').replace(/\/$/, '');
  let here = filter.main;
  for (const name of plain === '' ? [] : plain.split('/')) {
    const known = here.children.get(name);
    if (known === undefined) {
      const noRoom = here.path.length >= c.MAXPATHLEN - c.PF_ANCHOR_NAME_SIZE - 1;
      if (name === '' || Buffer.byteLength(name) >= c.PF_ANCHOR_NAME_SIZE || noRoom) fail('EINVAL');
      here.children.set(name, new PfAnchor(name, here));
    }
    here = here.children.get(name) ?? fail('EINVAL');
  }
  return here;
}

/** pf_remove_if_empty_ruleset(): parents go too when nothing keeps them any more. */
export function removeIfEmpty(anchor: PfAnchor): void {
  for (let here = anchor; here.parent !== undefined; here = here.parent) {
    const inUse = here.rulesets.some(({ active, inactive }) => {
      return active.rules.length > 0 || inactive.rules.length > 0 || inactive.open;
    });
    if (inUse || here.children.size > 0 || here.calls > 0 || here.tablesOpen) return;
    here.parent.children.delete(here.name);
  }
}

/** pf_anchor_setup(): what a rule calls is there from then on. EINVAL beyond the top. */
export function setUpCall(
  filter: PacketFilter,
  anchor: PfAnchor,
  name: string,
  bindings: Bindings,
): AnchorCall | undefined {
  if (name === '') return undefined;
  let relative = 0;
  let path = name.slice(1);
  if (!name.startsWith('/')) {
    relative = 1;
    const parts = anchor.path.split('/').filter((part) => part !== '');
    let rest = name;
    while (rest.startsWith('../')) {
      if (parts.pop() === undefined) fail('EINVAL');
      relative++;
      rest = rest.slice(3);
    }
    path = [...parts, rest].join('/');
  }
  const wildcard = path.endsWith('/*');
  const called = findOrCreateAnchor(filter, wildcard ? path.slice(0, -2) : path, bindings);
  if (called === filter.main) fail('EINVAL');
  called.calls++;
  return { anchor: called, relative, wildcard };
}

/** pf_anchor_copyout(): a call as whoever loaded the rule wrote it. */
export function callText(anchor: PfAnchor, call: AnchorCall | undefined): string {
  if (call === undefined) return '';
  const star = (text: string): string => (call.wildcard ? (text === '' ? '*' : `${text}/*`) : text);
  if (call.relative === 0) return star(`/${call.anchor.path}`);
  const base = anchor.path.split('/').filter((part) => part !== '');
  const ups = '../'.repeat(call.relative - 1);
  const from = base.slice(0, base.length - (call.relative - 1)).join('/');
  const rest = from === '' ? call.anchor.path : call.anchor.path.slice(from.length + 1);
  return star(`${ups}${rest}`);
}

/** Rules that are replaced are freed later, and hold the anchors that they call until then. */
export function unlink(filter: PacketFilter, rules: readonly PfRule[]): void {
  for (const rule of rules) {
    if (rule.call !== undefined) filter.unlinked.push({ rule, looks: 0 });
  }
}

/** So many looks at the list of anchors are some time, in which the kernel's thread has freed what it had to. */
const looksUntilFreed = 8;

/** Lets time pass for those who wait for an anchor to be gone. */
export function looked(filter: PacketFilter): void {
  for (const entry of filter.unlinked) entry.looks++;
  const due = filter.unlinked.filter(({ looks }) => looks > looksUntilFreed);
  filter.unlinked = filter.unlinked.filter(({ looks }) => looks <= looksUntilFreed);
  for (const { rule } of due) free(rule);
}

/** pf_free_rule(): at once if it never was in use. */
export function free({ call }: PfRule): void {
  if (call === undefined) return;
  call.anchor.calls--;
  if (call.anchor.calls === 0) removeIfEmpty(call.anchor);
}

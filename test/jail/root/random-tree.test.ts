import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { isKernelError } from '../../../src/kernel/error.js';
import { closeRoot, openRoot } from '../../../src/jail/root/root.js';
import { visitAll } from '../../../src/jail/root/visit.js';
import { namesTo, type Place } from '../../../src/jail/root/walk.js';
import { modelWith, outsideOf, plant, rootPath, watchEscapes, type Tree } from './tree.js';

/** A generator of numbers below a limit that gives the same ones for the same seed: mulberry32. */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

type Next = (limit: number) => number;

const names = ['a', 'b', 'c', 'outside', 'dir', 'secret'];

function name(next: Next): string {
  return names[next(names.length)] ?? 'a';
}

function path(next: Next, dots: number): string {
  const parts = Array.from({ length: 1 + next(5) }, () => {
    if (next(10) < dots) return '..';
    return next(12) === 0 ? '.' : name(next);
  });
  return `${next(2) === 0 ? '/' : ''}${parts.join(next(8) === 0 ? '//' : '/')}${next(10) === 0 ? '/' : ''}`;
}

function randomTree(next: Next, depth: number): Tree {
  const tree: Record<string, Tree | string> = {};
  for (let count = 1 + next(5); count > 0; count--) {
    const kind = next(10);
    if (kind < 4 && depth > 0) tree[name(next)] = randomTree(next, depth - 1);
    else if (kind < 8) tree[name(next)] = `-> ${path(next, 4)}`;
    else tree[name(next)] = 'inside';
  }
  return tree;
}

/** What a path leads to in a tree, found out in another way: one name after the other, by recursion. */
function expected(tree: Tree, text: string): string {
  let symlinks = 0;
  const walk = (at: readonly string[], pending: readonly string[]): string => {
    const [first, ...rest] = pending;
    if (first === undefined) return `${kindOf(tree, at)} /${at.join('/')}`;
    if (first === '..') return walk(at.slice(0, -1), rest);
    const next = [...at, first];
    const found = lookup(tree, next);
    if (found === undefined)
      return rest.includes('..') ? 'ENOENT' : `missing /${[...next, ...rest].join('/')}`;
    if (typeof found === 'string' && found.startsWith('-> ')) {
      symlinks++;
      if (symlinks > 32) return 'ELOOP';
      const target = found.slice(3);
      const from = target.startsWith('/') ? [] : at;
      const all = [...from, ...split(target), ...rest];
      if (all.length > 128 || `/${all.join('/')}`.length >= 1024) return 'ENAMETOOLONG';
      return walk(from, [...split(target), ...rest]);
    }
    if (typeof found === 'string' && rest.length > 0) return 'ENOTDIR';
    return walk(next, rest);
  };
  return walk([], split(text));
}

function split(text: string): string[] {
  return text.split('/').filter((part) => part !== '' && part !== '.');
}

function lookup(tree: Tree, at: readonly string[]): Tree | string | undefined {
  let here: Tree | string | null | undefined = tree;
  for (const part of at) here = typeof here === 'object' && here !== null ? here[part] : undefined;
  return here ?? undefined;
}

function kindOf(tree: Tree, at: readonly string[]): string {
  return typeof lookup(tree, at) === 'string' ? 'file' : 'directory';
}

function said(place: Place | Error): string {
  if (isKernelError(place)) return place.code;
  if (place instanceof Error) throw place;
  return `${place.status?.kind ?? 'missing'} /${namesTo(place).join('/')}`;
}

describe('random trees', () => {
  it('lead where another way of looking says, and nowhere outside, even if they change meanwhile', async (t) => {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    t.diagnostic(`SEED=${seed}`);
    const next = random(seed);
    const seen = new Map<string, number>();
    for (let round = 0; round < 60; round++) {
      const tree = randomTree(next, 3);
      const model = modelWith(tree);
      const before = outsideOf(model);
      const root = await openRoot(model.freebsd, rootPath);
      const escapes = watchEscapes(model);
      const paths = Array.from({ length: 20 }, () => path(next, 2));
      const outcomes = await visitAll(root, paths, (places) => Promise.resolve(places.map(said)));
      for (const [index, one] of paths.entries()) {
        const outcome = outcomes[index] ?? '';
        assert.equal(outcome, expected(tree, one), `round ${round}: ${JSON.stringify(tree)}: ${one}`);
        const kind = outcome.split(' ')[0] ?? '';
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
      for (const one of paths) {
        model.faults.beforeNth(1 + next(12), () => {
          plant(model, rootPath, randomTree(next, 2));
        });
        await visitAll(root, [one], (places) => Promise.resolve(places.map(said)));
      }
      await closeRoot(root);
      assert.deepEqual(escapes, [], `round ${round}`);
      assert.deepEqual(outsideOf(model), before, `round ${round}`);
      assert.deepEqual(model.remains(), [], `round ${round}`);
    }
    t.diagnostic([...seen].map(([kind, count]) => `${count} ${kind}`).join(', '));
  });
});

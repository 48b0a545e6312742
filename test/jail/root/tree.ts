import assert from 'node:assert/strict';
import { closeRoot, openRoot, type Root } from '../../../src/jail/root/root.js';
import { StoredDirectory, Node, newDirectory, type FileSystem } from '../../model/file-tree.js';
import type { Model } from '../../model/model.js';
import { pathOf } from '../../model/place.js';
import type { Release } from '../../../src/kernel/bindings/types.js';
import { openModel } from '../../model/model.js';

/**
 * A tree: text is a file, "-> text" a symbolic link, "x text" an executable file, a kind of file is one such; null is nothing.
 */
export interface Tree {
  readonly [name: string]: Tree | string | null;
}

/** Where hostile roots lie. */
export const rootPath = '/jails/c1/rootfs';

/** What lies around them, and must never be touched or seen. */
const outside: Tree = {
  secret: 'outside',
  dir: { secret: 'outside', empty: {} },
  prog: 'x outside',
  etc: { passwd: 'evil:*:0:0::/:/bin/sh\n' },
};

/** A model with a hostile tree at `rootPath`, and things outside of it. */
export function modelWith(tree: Tree, release: Release = 12): Model {
  const model = openModel(release);
  plant(model, '/', { outside, jails: { outside, c1: { outside, rootfs: tree } } });
  return model;
}

/** Puts a tree into a directory, over what is there, behind the back of whoever makes calls. */
export function plant(model: Model, path: string, tree: Tree): void {
  const directory = nodeAt(model, path);
  for (const [name, what] of Object.entries(tree)) put(directory, name, what);
}

function put(directory: Node, name: string, what: Tree | string | null): void {
  const { contents, fileSystem } = directory;
  if (!(contents instanceof StoredDirectory)) throw new Error(`${directory.name}: not a stored directory`);
  const there = contents.lookup(name);
  if (what !== null && typeof what !== 'string' && there?.kind === 'directory') {
    for (const [below, part] of Object.entries(what)) put(there, below, part);
    return;
  }
  if (there !== undefined) contents.remove(name);
  if (what === null) return;
  const node = nodeOf(fileSystem, what);
  contents.add(name, node);
  if (typeof what === 'string') return;
  for (const [below, part] of Object.entries(what)) put(node, below, part);
}

function nodeOf(fileSystem: FileSystem, what: Tree | string): Node {
  if (typeof what !== 'string') return newDirectory(fileSystem, 0o755);
  if (what === 'fifo' || what === 'socket') return new Node(fileSystem, what, 0o644);
  if (what.startsWith('-> ')) {
    const link = new Node(fileSystem, 'symlink', 0o777);
    link.target = what.slice(3);
    return link;
  }
  const file = new Node(fileSystem, 'file', what.startsWith('x ') ? 0o755 : 0o644);
  file.data = Buffer.from(what);
  return file;
}

/** The node that a path of plain directories leads to, on the root file system. */
export function nodeAt({ system }: Model, path: string): Node {
  let node = system.mounts.root.root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    const next = node.contents instanceof StoredDirectory ? node.contents.lookup(name) : undefined;
    if (next === undefined) throw new Error(`${path}: not there`);
    node = next;
  }
  return node;
}

/** All that lies outside of the root on the root file system, in words. */
export function outsideOf(model: Model): string[] {
  const lines: string[] = [];
  const list = (node: Node, path: string): void => {
    lines.push(
      `${path} ${node.kind} ${node.mode.toString(8)} ${node.target}${Buffer.from(node.data).toString()}`,
    );
    if (path === rootPath || !(node.contents instanceof StoredDirectory)) return;
    for (const [name, below] of node.contents.list()) list(below, `${path === '/' ? '' : path}/${name}`);
  };
  list(model.system.mounts.root.root, '/');
  return lines;
}

/**
 * Watches that no call ever has something open outside of the root, but for the directories that lead to it, and that
 * nothing is mounted outside.
 *
 * @returns what was found, in words
 */
export function watchEscapes(model: Model, allowed: readonly string[] = []): string[] {
  const escapes = new Set<string>();
  const found: string[] = [];
  const mountedBefore = new Set(model.system.mounts.list);
  const report = (what: string): void => {
    if (!escapes.has(what)) found.push(what);
    escapes.add(what);
  };
  const within = (path: string): boolean => {
    const inside = [rootPath, ...allowed].some((root) => path === root || path.startsWith(`${root}/`));
    return inside || path === '/' || `${rootPath}/`.startsWith(`${path}/`);
  };
  model.faults.watch = (symbol) => {
    for (const { place } of model.system.openFiles()) {
      if (place === undefined) continue;
      const path = pathOf(place);
      if (!within(path)) report(`${path} is open before ${symbol}`);
    }
    for (const mount of model.system.mounts.list) {
      if (!mountedBefore.has(mount) && !within(mount.on))
        report(`${mount.type} on ${mount.on} before ${symbol}`);
    }
  };
  return found;
}

/** Does something with the root, and sees to it that nothing is left and nothing outside was touched. */
export async function withRoot<T>(model: Model, act: (root: Root) => Promise<T>): Promise<T> {
  const before = outsideOf(model);
  const root = await openRoot(model.freebsd, rootPath);
  const escapes = watchEscapes(model);
  try {
    return await act(root);
  } finally {
    await closeRoot(root);
    assert.deepEqual(escapes, []);
    assert.deepEqual(outsideOf(model), before);
    assert.deepEqual(model.remains(), []);
  }
}

/** How many batches something takes. */
export async function batchesOf(model: Model, act: () => Promise<unknown>): Promise<number> {
  const run = model.kernel.run.bind(model.kernel);
  let batches = 0;
  model.kernel.run = (batch) => {
    batches++;
    return run(batch);
  };
  await act();
  model.kernel.run = run;
  return batches;
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeRoot } from '../../../src/jail/make-root.js';
import type { MountPlan } from '../../../src/jail/plan/mount.js';
import { makeDirectoryIn } from '../../../src/jail/root/directories.js';
import { completeUserFiles, readUserFiles } from '../../../src/jail/process/user-files.js';
import { closeRoot, openRoot, type Root } from '../../../src/jail/root/root.js';
import { undoRoot } from '../../../src/jail/undo-root.js';
import { KernelError } from '../../../src/kernel/error.js';
import { findProgram } from '../../../src/kernel/freebsd/find-program.js';
import { openTemporarily, read } from '../../../src/kernel/freebsd/file.js';
import { attachJail, removeJail, setJail } from '../../../src/kernel/freebsd/jail.js';
import { run, type FreeBSD } from '../../../src/kernel/freebsd/run.js';
import { waitFor } from '../../../src/kernel/freebsd/wait.js';
import { RuntimeError } from '../../../src/runtime/error.js';
import type { Release } from '../../../src/kernel/bindings/types.js';
import type { Model } from '../../model/model.js';
import { MemoryJournal } from '../journal.js';
import { modelWith, outsideOf, plant, rootPath, watchEscapes, type Tree } from './tree.js';

const bundle = '/jails/c1';

/** What links of a hostile image say. `D` is where a directory or file of the host is hoped to be. */
const links: [what: string, tree: (target: string) => Tree][] = [
  ['an absolute link', (target) => ({ x: `-> ${target}` })],
  ['a relative link', (target) => ({ x: `-> ../../..${target}` })],
  ['more ".." than there are directories', (target) => ({ x: `-> ${'../'.repeat(20)}${target.slice(1)}` })],
  ['".." behind a directory', (target) => ({ d: { e: {} }, x: `-> d/e/../../../../..${target}` })],
  ['".." behind a link', (target) => ({ d: { e: {} }, l: '-> d/e', x: `-> l/../../../../..${target}` })],
  ['an absolute ".."', (target) => ({ x: `-> /../../..${target}` })],
  ['a chain', (target) => ({ x: '-> y', y: '-> /z', z: `-> ${target}` })],
  ['a chain of ".."', (target) => ({ x: '-> y/../..', y: '-> z/..', z: `-> ../../..${target}` })],
  ['a link above', (target) => ({ x: '-> d/out', d: '-> e', e: { out: `-> ../../../..${target}` } })],
  ['slashes and dots', (target) => ({ x: `-> .//..///./../..//..${target}/.//` })],
  ['a loop', () => ({ x: '-> y', y: '-> ../x' })],
  ['a link to itself', () => ({ x: '-> x/x' })],
  ['a link to the root', () => ({ x: '-> /' })],
  ['a link to nothing', () => ({ x: '-> ' })],
];

/** What is done with the path of a link. */
interface Deed {
  readonly name: string;
  /** What the link hopes for on the host. */
  readonly target: string;
  readonly release?: Release;
  /** What else the image has. */
  readonly image?: Tree;
  /** Answers text that must not be of the host's. */
  act(model: Model, root: Root, journal: MemoryJournal): Promise<string>;
}

function mounting(name: string, target: string, plan: MountPlan, release: Release = 12): Deed {
  return {
    name,
    target,
    release,
    act: async (model, _root, journal) => {
      const made = await makeRoot(model.freebsd, {
        plan: {
          root: { path: rootPath, readonly: false },
          rootfs: [],
          mounts: [plan],
          devices: [],
          parameters: { asked: {}, defaults: {} },
        },
        bundle,
        journal,
      });
      await made.close();
      return '';
    },
  };
}

/** Does something as somebody who is in a jail with the hostile root, as processes are launched. */
async function inJail<T>(model: Model, act: (inside: FreeBSD) => Promise<T>): Promise<T> {
  const { freebsd, kernel } = model;
  const parameters = { name: 'c1', path: rootPath, persist: true };
  const jid = await run(freebsd, (b) => setJail(b, parameters, { operation: 'create' }));
  const child = await kernel.fork();
  try {
    const inside = { kernel: child, bindings: freebsd.bindings };
    await run(inside, (b) => attachJail(b, jid));
    return await act(inside);
  } finally {
    child.close();
    await run(freebsd, (b) => [waitFor(b, { pid: child.pid }), removeJail(b, jid)]);
  }
}

async function passwdOf(inside: FreeBSD): Promise<string> {
  const files = await completeUserFiles(inside, await run(inside, readUserFiles));
  return files.passwd ?? '';
}

async function found(inside: FreeBSD, path: string): Promise<string> {
  const program = await run(inside, (b) => findProgram(b, [path]));
  // What is in the image is executable, and so is what must not be found.
  if (program.path === undefined) return '';
  const data = await run(inside, (b) => read(b, openTemporarily(b, path), 100, path));
  return Buffer.from(data).toString();
}

const volume = { type: 'nullfs', flags: {} } as const;
const deeds: Deed[] = [
  {
    name: 'reading passwd',
    target: '/outside/etc/passwd',
    image: { etc: { passwd: '-> ../x' } },
    act: (model) => inJail(model, passwdOf),
  },
  {
    name: 'reading passwd below',
    target: '/outside/etc',
    image: { etc: '-> x' },
    act: (model) => inJail(model, passwdOf),
  },
  {
    name: 'finding a program',
    target: '/outside/prog',
    act: (model) => inJail(model, (inside) => found(inside, '/x')),
  },
  {
    name: 'finding a program in PATH',
    target: '/outside',
    act: (model) => inJail(model, (inside) => found(inside, '/x/prog')),
  },
  {
    name: 'making a directory',
    target: '/outside/dir/new',
    act: async (_, root, journal) => {
      await makeDirectoryIn(root, '/x', 0o755, journal);
      return '';
    },
  },
  {
    name: 'making one below',
    target: '/outside/dir',
    act: async (_, root, journal) => {
      await makeDirectoryIn(root, '/x/new', 0o755, journal);
      return '';
    },
  },
  mounting('mounting a tmpfs', '/outside/dir', { type: 'tmpfs', destination: '/x', copyUp: true, flags: {} }),
  mounting('mounting below', '/outside', { type: 'tmpfs', destination: '/x/dir', copyUp: false, flags: {} }),
  mounting('mounting a volume', '/outside/dir', { ...volume, source: '/volumes/v1', destination: '/x' }),
  mounting('mounting devices', '/outside/dir', { type: 'devfs', destination: '/x', flags: {} }),
  mounting('mounting a file', '/outside/secret', { ...volume, source: '/volumes/f', destination: '/x' }, 15),
];

/** What a hostile tree leads to: nothing outside may be open, seen, changed or mounted upon, whatever comes of it. */
async function attempt(deed: Deed, tree: Tree, prepare: (model: Model) => void): Promise<unknown> {
  const model = modelWith({ ...tree, ...deed.image }, deed.release);
  plant(model, '/', { volumes: { v1: { data: 'volume' }, f: 'volume' } });
  const journal = new MemoryJournal();
  const root = await openRoot(model.freebsd, rootPath);
  const before = outsideOf(model);
  const escapes = watchEscapes(model, ['/volumes', '/dev']);
  prepare(model);
  let failure: unknown;
  let text = '';
  try {
    text = await deed.act(model, root, journal);
  } catch (error) {
    failure = error;
  }
  const waits = model.faults.waits;
  await closeRoot(root);
  await undoRoot(model.freebsd, journal, (warning) => assert.fail(warning));
  assert.deepEqual(escapes, []);
  assert.deepEqual(outsideOf(model), before);
  assert.deepEqual(model.remains(), []);
  assert.doesNotMatch(text, /outside|evil/);
  const clear = failure === undefined || failure instanceof KernelError || failure instanceof RuntimeError;
  assert.ok(clear, String(failure));
  return waits;
}

describe('an image whose paths are symbolic links', () => {
  for (const deed of deeds) {
    for (const [what, tree] of links) {
      it(`leads nowhere: ${deed.name}, ${what}`, async () => {
        await attempt(deed, tree(deed.target), () => undefined);
      });
    }
  }
});

/** What a directory or a file at /x becomes in the moment between two calls. */
const swaps: [what: string, tree: (target: string) => Tree][] = [
  ['an absolute link', (target) => ({ x: `-> ${target}` })],
  ['a relative link', (target) => ({ x: `-> ../../..${target}` })],
  ['nothing', () => ({ x: null })],
  ['a fifo', () => ({ x: 'fifo' })],
];

describe('an image in which something is exchanged between two calls', () => {
  for (const deed of deeds.filter(({ release }) => release !== 15)) {
    for (const [what, swapped] of swaps) {
      it(`leads nowhere: ${deed.name}, ${what}`, async (t) => {
        const isFile = deed.target.endsWith('passwd') || deed.target.endsWith('prog');
        const x = isFile ? 'x inside' : { passwd: 'inside', prog: 'x inside', dir: { kept: 'inside' } };
        let n = 1;
        for (; ; n++) {
          const waits = await attempt(deed, { x }, (model) => {
            model.faults.beforeNth(n, () => {
              plant(model, rootPath, { x: null });
              plant(model, rootPath, swapped(deed.target));
            });
          });
          if (waits === true) break;
        }
        t.diagnostic(`exchanged before each of ${n - 1} calls`);
        assert.ok(n > 2, `${n} calls`);
      });
    }
  }
});

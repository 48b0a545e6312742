import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { parseChmod } from '../../../src/image/build/chmod.js';
import { ignorePatterns, parseIgnore } from '../../../src/image/build/ignore.js';
import type { LayerItem } from '../../../src/image/build/items.js';
import { ownerOf } from '../../../src/image/build/owner.js';
import { planCopy, type CopyPlan } from '../../../src/image/build/plan-copy.js';
import { layeredTree } from '../../../src/image/tree/layered.js';

const directory = mkdtempSync(join(tmpdir(), 'copy-'));
after(() => {
  rmSync(directory, { recursive: true });
});
function make(where: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, where, name);
    mkdirSync(dirname(path), { recursive: true });
    if (content.startsWith('->')) symlinkSync(content.slice(2), path);
    else writeFileSync(path, content);
  }
}
make('context', {
  a: 'a',
  'b.txt': 'b',
  'dir/one.c': '1',
  'dir/two.o': '2',
  'dir/sub/three.c': '3',
  'dir/link': '->one.c',
  outside: '->/etc/hostname',
  toDir: '->dir',
  ignored: 'no',
});
chmodSync(join(directory, 'context/a'), 0o750);
make('image', {
  'etc/passwd': 'root:x:0:0::/:/bin/sh\nwww:x:80:81::/:/bin/sh\n',
  'etc/group': 'wheel:x:0:\nstaff:x:20:\n',
  'usr/lib/x': '',
  lib: '->usr/lib',
  'app/a': 'old',
  file: '',
});
const image = layeredTree([join(directory, 'image')]);
const origin = {
  name: 'the context',
  tree: layeredTree([join(directory, 'context')]),
  ignore: parseIgnore('ignored', '.dockerignore'),
};

function plan(sources: string[], target: string, more: Partial<CopyPlan> = {}): LayerItem[] {
  return planCopy({
    origin,
    sources,
    inline: [],
    target,
    workingDirectory: '/work',
    owner: { uid: 0, gid: 0 },
    chmod: undefined,
    exclude: ignorePatterns([], ''),
    parents: false,
    image,
    now: 5,
    ...more,
  });
}
const paths = (items: LayerItem[]): string[] =>
  items.map(({ path, type }) => path + (type === 'directory' ? '/' : type === 'symlink' ? '@' : ''));

const table: readonly (readonly [string[], string, Partial<CopyPlan>, string[]])[] = [
  [['a'], '/x', {}, ['x']],
  [['a'], '/x/', {}, ['x/', 'x/a']],
  [['a'], 'x', {}, ['work/', 'work/x']],
  [['a'], '.', {}, ['work/', 'work/a']],
  [['a'], '/app', {}, ['app/a']],
  [['a'], '/lib', {}, ['usr/lib/a']],
  [['a'], '/lib/y/z', {}, ['usr/lib/y/', 'usr/lib/y/z']],
  [['a', 'b.txt'], '/x/', {}, ['x/', 'x/a', 'x/b.txt']],
  [['*.txt'], '/', {}, ['b.txt']],
  [['dir'], '/x', {}, ['x/', 'x/link@', 'x/one.c', 'x/sub/', 'x/sub/three.c', 'x/two.o']],
  [['toDir'], '/x', {}, ['x/', 'x/link@', 'x/one.c', 'x/sub/', 'x/sub/three.c', 'x/two.o']],
  [['dir/link'], '/x', {}, ['x']],
  [['dir'], '/x', { exclude: ignorePatterns(['*.o', 'sub'], '') }, ['x/', 'x/link@', 'x/one.c']],
  [['**/*.c'], '/x/', {}, ['x/', 'x/one.c', 'x/three.c']],
  [
    ['dir/sub/three.c', 'a'],
    '/x/',
    { parents: true },
    ['x/', 'x/a', 'x/dir/', 'x/dir/sub/', 'x/dir/sub/three.c'],
  ],
  [['dir/./sub/three.c'], '/x/', { parents: true }, ['x/', 'x/sub/', 'x/sub/three.c']],
  [[], '/x/', { inline: [{ name: 'F', bytes: Buffer.from('f') }] }, ['x/', 'x/F']],
];
for (const [sources, target, more, result] of table) {
  test(`${sources.join(' ')} to ${target}${more.parents === true ? ' with parents' : ''}`, () => {
    assert.deepEqual(paths(plan(sources, target, more)), result);
  });
}

test('modes and owners are the origin’s, or as asked for', () => {
  const [as] = plan(['a'], '/x');
  assert.deepEqual([as?.mode, as?.uid], [0o750, 0]);
  const [changed] = plan(['a'], '/x', {
    owner: ownerOf('www:staff', image),
    chmod: parseChmod('u=rwX,go=r'),
  });
  assert.deepEqual([changed?.mode, changed?.uid, changed?.gid], [0o744, 80, 20]);
  assert.deepEqual(ownerOf('www', image), { uid: 80, gid: 81 });
  assert.deepEqual(ownerOf('7', image), { uid: 7, gid: 7 });
  assert.equal(parseChmod('4711')(0, false), 0o4711);
  assert.equal(parseChmod('a-w,u+s')(0o666, false), 0o4444);
});

const refused: readonly (readonly [() => unknown, string])[] = [
  [() => plan(['none'], '/x'), '"none" in the context: there is none'],
  [() => plan(['no*'], '/x'), '"no*" in the context: there is none'],
  [() => plan(['ignored'], '/x'), '"ignored" in the context: it is left out by .dockerignore'],
  [() => plan(['outside'], '/x'), '"outside" in the context: there is none'],
  [() => plan(['a'], '/file/x'), '/file is no directory'],
  [() => plan(['dir'], '/file'), '/file in the image is no directory'],
  [
    () => plan(['.'], '/', { origin: { ...origin, tree: layeredTree([join(directory, 'bad')]) } }),
    '"lib" cannot become /lib: that is a symlink in the image',
  ],
  [() => ownerOf('nobody', image), '--chown=nobody: the image has no user "nobody"'],
  [() => ownerOf('www:none', image), '--chown=www:none: the image has no group "none"'],
  [() => ownerOf('1:2:3', image), '--chown=1:2:3: it is user or user:group'],
  [() => parseChmod('u=q'), '--chmod=u=q: "u=q" is neither octal nor as u=rwX,go-w'],
];
make('bad', { 'lib/y': '' });
for (const [attempt, message] of refused) {
  test(`refused: ${message}`, () => {
    assert.throws(attempt, { name: 'ImageError', message });
  });
}

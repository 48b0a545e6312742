import { gzipSync } from 'node:zlib';
import type { Limits } from '../../../src/image/layers/limits.js';
import { madeEntry, padded, paxEntry, tarOf, type Made } from './tar-builder.js';

/** A layer, or several, that mean harm. */
export interface Hostile {
  readonly what: string;
  /** one after the other */
  readonly layers: readonly Buffer[];
  /** whether the last one must be refused; absent: it may be harmless as well */
  readonly refused?: true;
  readonly limits?: Partial<Limits>;
  readonly gzip?: true;
}

// All of them lead, if they lead anywhere, into the directory of the test: should the code be broken, nothing of the machine
// that tests it is harmed. Never name `/`, a directory of the system, or /proc/self here.

const upwards = [
  '..',
  '../x',
  '../../outside/x',
  'a/../../x',
  './../x',
  'a/b/../../../x',
  '..//x',
  'x/..',
  '../.wh.x',
];

/** Names that lead out, name nothing, or mean something else than they show. */
const names = (outside: string): string[] => [
  ...upwards,
  `/${outside}/x`,
  `${outside}/canary`,
  `//${outside}/x`,
  '',
  '.',
  '/',
  './.',
  '.wh.',
  '.wh..',
  '.wh...',
  '.wh../x',
  '.wh.a/x',
  '.wh..wh..opq',
  '.wh..wh.plnk',
  'a/.wh..wh..opq/x',
  'x'.repeat(99),
  `${'d/'.repeat(49)}x`,
  'a\nb\x1b[2J',
  '\xff\xfe',
  'name ',
  'con:',
];

const types = ['0', '1', '2', '3', '4', '5', '6', '7'];

/** What links say to lead out. */
const targets = (outside: string): string[] => [
  outside,
  `${outside}/canary`,
  `${outside}/.`,
  `//${outside.slice(1)}`,
  '.',
  '..',
  '../outside',
  '../../outside',
  './../../outside/',
  '../root/../../outside',
  `${'../'.repeat(30)}${outside}`,
  `/..${outside}`,
  'self',
  'other/../../../outside',
];

type Through = (link: Made, target: string) => (Made | Buffer)[][];

/** Layers that make a link, and then do something through it. */
const throughLinks = (outside: string): readonly (readonly [what: string, layers: Through])[] => [
  ['writes a file below', (link) => [[link, { name: 'self/x', body: 'evil' }]]],
  ['writes the canary', (link) => [[link, { name: 'self/canary', body: 'evil' }]]],
  ['writes to the link itself', (link) => [[link, { name: 'self', body: 'evil' }]]],
  ['makes a directory of it', (link) => [[link, { name: 'self', type: '5', mode: 0o777, uid: 1 }]]],
  ['makes a directory below', (link) => [[link, { name: 'self/x/y', type: '5' }]]],
  [
    'makes a link below',
    (link) => [[link, { name: 'self/l', type: '2', pax: { linkpath: outside } }, { name: 'self/l/x' }]],
  ],
  [
    'links a file through it',
    (link) => [[link, { name: 'h', type: '1', link: 'self/canary' }, { name: 'h', body: 'evil' }]],
  ],
  [
    'links the link',
    (link) => [[link, { name: 'h', type: '1', link: 'self' }, { name: 'h/canary', body: 'evil' }]],
  ],
  [
    'links what the link names',
    (_link, target) => [
      [
        { name: 'h', type: '1', pax: { linkpath: target } },
        { name: 'h', body: 'evil' },
      ],
    ],
  ],
  ['removes through it', (link) => [[link], [{ name: 'self/.wh.canary' }]]],
  ['removes all below it', (link) => [[link], [{ name: 'self/.wh..wh..opq' }]]],
  [
    'replaces a directory by it',
    (link) => [
      [{ name: 'self/', type: '5' }, { name: 'self/a' }, link, { name: 'self/canary', body: 'evil' }],
    ],
  ],
  [
    'takes the place of directories that are still to be finished',
    (link) => [
      [{ name: 'self/sub/', type: '5' }],
      [{ name: 'self/sub/x' }, { name: 'self/sub/.wh..wh..opq' }, link],
    ],
  ],
  [
    'takes the place of directories that the same layer made',
    (link) => [
      [
        { name: 'self/sub/', type: '5', mode: 0o777, uid: 9, pax: { 'SCHILY.xattr.user.evil': 'x' } },
        { name: 'self/sub/.wh..wh..opq' },
        link,
      ],
    ],
  ],
  [
    'takes the place of what is removed',
    (link) => [
      [{ name: 'self/sub/', type: '5' }],
      [{ name: 'self/sub/x' }],
      [{ name: 'self/sub/y' }, { name: '.wh.self' }, link],
    ],
  ],
  [
    'replaces a directory of a lower layer by it',
    (link) => [[{ name: 'self/', type: '5' }], [{ name: 'self/a' }, link, { name: 'self/canary' }]],
  ],
  [
    'says attributes and modes of it',
    (link) => [[{ ...link, mode: 0o6777, uid: 9, pax: { ...link.pax, 'SCHILY.xattr.user.evil': 'x' } }]],
  ],
];

const evil: Made = { name: 'evil', body: 'evil' };
const sparse1 = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9' };
const ff = '\xff';

const malformed: readonly (readonly [what: string, Buffer])[] = [
  ['a wrong checksum', Buffer.concat([madeEntry(evil).fill(1, 0, 3), Buffer.alloc(1024)])],
  ['noise', Buffer.alloc(4096, 0xa5)],
  ['text', Buffer.from('#!/bin/sh\necho evil\n'.repeat(100))],
  ['a file that ends early', madeEntry({ ...evil, size: 100_000 })],
  ['half a header', madeEntry(evil).subarray(0, 300)],
  ['an entry after zeros', Buffer.concat([madeEntry(evil), Buffer.alloc(512), madeEntry(evil)])],
  ['a size that is no number', tarOf({ ...evil, patch: [[124, 'zzzzzzzzzzz']] })],
  ['a negative size', tarOf({ ...evil, patch: [[124, ff.repeat(12)]] })],
  ['a size beyond 2^53', tarOf({ ...evil, patch: [[124, `\x80\x7f${ff.repeat(10)}`]] })],
  ['a user beyond 2^32', tarOf({ ...evil, patch: [[108, '\x80\0\0\x01\0\0\0\0']] })],
  ['a negative user', tarOf({ ...evil, patch: [[108, ff.repeat(8)]] })],
  ['a mode that is no number', tarOf({ ...evil, patch: [[100, '9999999']] })],
  ['an unknown type', tarOf({ ...evil, type: 'V' })],
  ['a volume of several', tarOf({ ...evil, type: 'M' })],
  ['a file as the root', tarOf({ name: './', body: 'x' })],
  ['a link as the root', tarOf({ name: '.', type: '2', link: 'x' })],
  ['a NUL in a name', tarOf({ name: 'x', pax: { path: 'ok\0/../../outside/x' } })],
  ['a NUL in a link', tarOf({ name: 'x', type: '2', pax: { linkpath: 'ok\0x' } })],
  ['a NUL in an attribute', tarOf({ name: 'x', pax: { 'SCHILY.xattr.user.a\0b': 'x' } })],
  ['an attribute without a name', tarOf({ name: 'x', pax: { 'SCHILY.xattr.': 'x' } })],
  ['a name upwards in an extended header', tarOf({ name: 'x', pax: { path: '../../outside/x' } })],
  [
    'a link upwards in an extended header',
    tarOf({ name: 'x', type: '1', pax: { linkpath: '../../outside/canary' } }),
  ],
  ['a long name upwards', tarOf({ name: 'l', type: 'L', body: '../../outside/x\0', gnu: true }, evil)],
  [
    'a long link upwards',
    tarOf({ name: 'l', type: 'K', body: '../../outside/x\0', gnu: true }, { name: 'h', type: '1' }),
  ],
  ['a record that is longer than its header', tarOf({ name: 'p', type: 'x', body: '99 path=x\n' }, evil)],
  ['a record of length 0', tarOf({ name: 'p', type: 'x', body: '0 path=x\n' }, evil)],
  ['a record without a key', tarOf({ name: 'p', type: 'x', body: '5 =x\n' }, evil)],
  ['a record without an end', tarOf({ name: 'p', type: 'x', body: '9 path=xx' }, evil)],
  ['a negative length', tarOf({ name: 'p', type: 'x', body: '-8 path=x\n' }, evil)],
  ['a size that is text', tarOf({ ...evil, pax: { size: 'many' } })],
  ['a negative size in an extended header', tarOf({ ...evil, pax: { size: '-512' } })],
  ['a user that is text', tarOf({ ...evil, pax: { uid: 'root' } })],
  ['a time that is text', tarOf({ ...evil, pax: { mtime: 'today' } })],
  ['an extended header for nothing', paxEntry({ path: 'x' })],
  ['a link to nothing', tarOf({ name: 'h', type: '1', link: 'nothing' })],
  ['a link to itself', tarOf({ name: 'h', body: 'x' }, { name: 'h', type: '1', link: 'h' })],
  ['a link to a directory', tarOf({ name: 'd/', type: '5' }, { name: 'h', type: '1', link: 'd' })],
  ['a link to the root', tarOf({ name: 'h', type: '1', link: '/' })],
  ['a link to an empty name', tarOf({ name: 'h', type: '1', link: '' })],
  ['a file below a file', tarOf({ name: 'f', body: 'x' }, { name: 'f/x' })],
  [
    'links in a circle',
    tarOf({ name: 'a', type: '2', link: 'b' }, { name: 'b', type: '2', link: 'a' }, { name: 'a/x' }),
  ],
  ['a part of a name that is too long', tarOf({ name: 'x', pax: { path: 'n'.repeat(256) } })],
  [
    'an unknown kind of sparse file',
    tarOf({ ...evil, pax: { 'GNU.sparse.major': '7', 'GNU.sparse.minor': '0' } }),
  ],
  ['a sparse file without its size', tarOf({ ...evil, pax: { 'GNU.sparse.map': '0,4' } })],
  [
    'a sparse map with an odd number',
    tarOf({ ...evil, pax: { 'GNU.sparse.map': '0,4,9', 'GNU.sparse.size': '10' } }),
  ],
  [
    'sparse parts that overlap',
    tarOf({ ...evil, pax: { 'GNU.sparse.map': '0,2,1,2', 'GNU.sparse.size': '10' } }),
  ],
  [
    'sparse parts beyond the end',
    tarOf({ ...evil, pax: { 'GNU.sparse.map': '8,4', 'GNU.sparse.size': '10' } }),
  ],
  [
    'more sparse bytes than there are',
    tarOf({ ...evil, pax: { 'GNU.sparse.map': '0,9', 'GNU.sparse.size': '10' } }),
  ],
  [
    'a sparse name upwards',
    tarOf({ ...evil, pax: { 'GNU.sparse.map': '0,4', 'GNU.sparse.size': '4', 'GNU.sparse.name': '../x' } }),
  ],
  ['a sparse map of text', tarOf({ name: 'x', body: padded(Buffer.from('a lot\n')), pax: sparse1 })],
  ['a sparse map without an end', tarOf({ name: 'x', body: padded(Buffer.from('9\n1\n')), pax: sparse1 })],
];

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const bomb = (what: string, layer: Buffer, limits: Partial<Limits>, gzip?: true): Hostile => ({
  what,
  layers: [layer],
  limits,
  refused: true,
  ...(gzip && { gzip }),
});

const bombs: readonly Hostile[] = [
  bomb('zeros', tarOf({ name: 'x', body: Buffer.alloc(2 << 20) }), { ratio: 50, ratioFrom: 1 << 20 }, true),
  bomb('too many bytes', tarOf({ name: 'x', body: Buffer.alloc(1 << 20) }), { bytes: 1 << 19 }),
  bomb('too many entries', tarOf(...many(101, (n) => ({ name: `f${n}` }))), { entries: 100 }),
  bomb('headers for nothing', tarOf(...many(101, () => paxEntry({ a: 'b' }, 'g'))), { entries: 100 }),
  bomb('a header that is too long', tarOf({ name: 'x', pax: { comment: 'x'.repeat(1 << 16) } }), {
    header: 1 << 15,
  }),
  bomb(
    'headers that are too long together',
    tarOf(...many(40, () => paxEntry({ comment: 'x'.repeat(1000) })), evil),
    { header: 1 << 15 },
  ),
  bomb('a name that is too long', tarOf({ name: 'x', pax: { path: 'd/'.repeat(3000) } }), {}),
  bomb(
    'a link that says too much',
    tarOf({ name: 'x', type: '2', pax: { linkpath: 'd/'.repeat(3000) } }),
    {},
  ),
  bomb(
    'a sparse file that is too large',
    tarOf({ ...evil, pax: { 'GNU.sparse.map': '0,4', 'GNU.sparse.size': '900000000000000' } }),
    {},
  ),
];

/** All of them. @param outside absolute path of a directory with a file `canary`, beside the directory above the root */
export function hostileTars(outside: string): Hostile[] {
  return [
    ...names(outside.slice(1)).flatMap((name) =>
      types.map((type): Hostile => {
        const body = type === '0' || type === '7' ? 'evil' : '';
        const made = {
          name: name === '' ? '' : 'n',
          type,
          link: 'a',
          body,
          ...(name !== '' && { pax: { path: name } }),
        };
        return {
          what: `the name ${JSON.stringify(name)} of type ${type}`,
          layers: [tarOf({ name: 'a' }, made)],
          ...(upwards.includes(name) && { refused: true }),
        };
      }),
    ),
    ...targets(outside).flatMap((target) =>
      throughLinks(outside).map(([what, make]): Hostile => {
        const link: Made = { name: 'self', type: '2', pax: { linkpath: target } };
        const layers = make(link, target).map((layer) => tarOf(...layer));
        return { what: `a link to ${target} that ${what}`, layers };
      }),
    ),
    ...malformed.map(([what, tar]): Hostile => ({ what, layers: [tar], refused: true })),
    ...bombs,
  ];
}

export const compressed = (hostile: Hostile, layer: Buffer): Buffer =>
  hostile.gzip === true ? gzipSync(layer) : layer;

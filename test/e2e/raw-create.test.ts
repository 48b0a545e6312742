import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pack } from '../../src/proto/any.js';
import { Options, type CreateTaskRequest } from '../../src/proto/generated/messages.js';
import { TaskV2 } from '../../src/proto/generated/services.js';
import { Code } from '../../src/ttrpc/status.js';
import { refused, withRawShim } from './harness/raw-fixture.js';
import type { RawShim } from './harness/raw-shim.js';
import type { RawSpec } from './harness/raw-spec.js';

const scenario = withRawShim();
const { methods } = TaskV2;
const id = 'bad';

interface Case {
  readonly name: string;
  readonly code: Code;
  /** what the message must name */
  readonly names: RegExp;
  /** changes the configuration before it is written */
  readonly spec?: (spec: RawSpec) => unknown;
  /** changes the bundle that it was written into */
  readonly bundle?: (path: string) => unknown;
  readonly request?: (shim: RawShim) => Partial<CreateTaskRequest>;
}

/** What is refused leaves no task, no event and nothing else; containerd then deletes it, and starts it again. */
async function assertRefused(shim: RawShim, one: Case): Promise<void> {
  const bundle = await shim.bundle(id, ['true'], one.spec);
  const request = { id, bundle, ...one.request?.(shim) };
  try {
    one.bundle?.(bundle);
    await refused(shim.call(methods.Create, request), one.code, one.names);
    await refused(shim.call(methods.State, { id }), Code.NotFound, /^container bad not created$/);
    await refused(shim.call(methods.Delete, { id }), Code.NotFound, /^container bad not created$/);
    assert.deepEqual(
      shim.events.filter((event) => event.endsWith(` ${id}`)),
      [],
    );
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
}

const config = (text: string) => (path: string) => {
  writeFileSync(join(path, 'config.json'), text);
};
/** Puts something else in the place of config.json. */
const instead = (make: (path: string) => void) => (path: string) => {
  rmSync(join(path, 'config.json'));
  make(join(path, 'config.json'));
};
const long = 'x'.repeat(100_000);

const { InvalidArgument, NotFound, Unimplemented, Unknown } = Code;

const ids: Case[] = [
  ['is empty', '', /^container id "" is not/],
  ['has 300 characters', 'x'.repeat(300), /^container id "x{140}" is not/],
  ['leads out', '../../bad', /"\.\.\/\.\.\/bad" is not/],
  ['is hidden', '.bad', /"\.bad" is not/],
  ['is an option', '--root', /"--root" is not/],
  ['has control characters', 'a\nb\u001b[2J', /"a\\nb\\u001b\[2J" is not/],
  ['has a NUL', 'a\0b', /"a\\u0000b" is not/],
  ['is not ASCII', 'Größe', /"Größe" is not/],
].map(([name, value, names]) => ({
  name: `id: ${name as string}`,
  code: InvalidArgument,
  names: names as RegExp,
  request: () => ({ id: value as string }),
}));

const bundles: Case[] = [
  ['is missing', NotFound, /^bundle \/nonexistent\/bad: ENOENT/, '/nonexistent/bad'],
  ['is a file', NotFound, /^bundle \/etc\/passwd: not a directory$/, '/etc/passwd'],
  ['is below a file', NotFound, /^bundle \/etc\/passwd\/b: ENOTDIR/, '/etc/passwd/b'],
  ['is empty', InvalidArgument, /^bundle "" is not an absolute path$/, ''],
  ['is relative', InvalidArgument, /^bundle "b\/bad" is not an absolute path$/, 'b/bad'],
  ['has a NUL', InvalidArgument, /^bundle "\/b\\u0000" is not an absolute path$/, '/b\0'],
  ['has control characters', NotFound, /^bundle \/b\\x1b\[2J: ENOENT/, '/b\u001b[2J'],
  ['has 100 kB', NotFound, /^bundle \/xxxx.*x… \(100/, `/${long}`],
  ["is no container's", NotFound, /^cannot read the spec: ENOENT.*\/proc\/self\/config\.json/, '/proc/self'],
].map(([name, code, names, path]) => ({
  name: `bundle: ${name as string}`,
  code: code as Code,
  names: names as RegExp,
  request: () => ({ bundle: path as string }),
}));

const files: Case[] = [
  {
    name: 'is missing',
    code: NotFound,
    names: /config\.json/,
    bundle: (path: string) => {
      rmSync(join(path, 'config.json'));
    },
  },
  { name: 'is empty', code: InvalidArgument, names: /config\.json is not JSON/, bundle: config('') },
  { name: 'is not JSON', code: InvalidArgument, names: /config\.json is not JSON/, bundle: config('{"a":') },
  {
    name: 'is binary',
    code: InvalidArgument,
    names: /config\.json is not JSON/,
    bundle: config('\u0000\u001b[2J\r\n'),
  },
  {
    name: 'is a list',
    code: InvalidArgument,
    names: /config\.json is not a JSON object/,
    bundle: config('[]'),
  },
  { name: 'is not OCI', code: InvalidArgument, names: /ociVersion is /, bundle: config('{}') },
  {
    name: 'is nested a million times',
    code: InvalidArgument,
    names: /config\.json/,
    bundle: config(`${'['.repeat(1e6)}${']'.repeat(1e6)}`),
  },
  {
    name: 'is a directory',
    code: InvalidArgument,
    names: /config\.json is not a regular file/,
    bundle: instead((path) => {
      mkdirSync(path);
    }),
  },
  {
    name: 'is a FIFO',
    code: InvalidArgument,
    names: /config\.json is not a regular file/,
    bundle: instead((path) => {
      execFileSync('mkfifo', [path]);
    }),
  },
  {
    name: 'leads nowhere',
    code: NotFound,
    names: /config\.json/,
    bundle: instead((path) => {
      symlinkSync('nowhere', path);
    }),
  },
  {
    name: 'leads to a device',
    code: InvalidArgument,
    names: /config\.json is not a regular file/,
    bundle: instead((path) => {
      symlinkSync('/dev/zero', path);
    }),
  },
  {
    name: 'has a terabyte',
    code: InvalidArgument,
    names: /config\.json: 1099511627776 bytes/,
    bundle: (path: string) => {
      truncateSync(join(path, 'config.json'), 2 ** 40);
    },
  },
].map((one) => ({ ...one, name: `config.json: ${one.name}` }));

const specs: Case[] = [
  ['a version to come', InvalidArgument, /ociVersion is "9\.0\.0"/, { ociVersion: '9.0.0' }],
  ['a version of 100 kB', InvalidArgument, /ociVersion is "xxx/, { ociVersion: long }],
  ['no root', InvalidArgument, /root is not a JSON object/, { root: null }],
  ['a list as root', InvalidArgument, /root is not a JSON object/, { root: [] }],
  ['a number as root', InvalidArgument, /root\.path is not a path/, { root: { path: 7 } }],
  ['a root that is missing', Unknown, /\/nonexistent\/root/, { root: { path: '/nonexistent/root' } }],
  ['no process', InvalidArgument, /process is not a JSON object/, { process: undefined }],
  ['annotations that are none', InvalidArgument, /annotations: "a" is not/, { annotations: { a: 1 } }],
].map(([name, code, names, change]) => ({
  name: `spec: ${name as string}`,
  code: code as Code,
  names: names as RegExp,
  spec: (spec: RawSpec) => Object.assign(spec, change),
}));

const processes: Case[] = [
  ['no arguments', InvalidArgument, /process: args is not/, { args: [] }],
  ['a number as argument', InvalidArgument, /process: args is not/, { args: [1] }],
  ['a NUL in an argument', InvalidArgument, /process: args is not/, { args: ['a\0b'] }],
  ['a relative directory', InvalidArgument, /process: cwd is not/, { cwd: 'tmp' }],
  ['a directory that is none', Unknown, /\/etc\/passwd/, { cwd: '/etc/passwd' }],
  ['a number in the environment', InvalidArgument, /process: env is not/, { env: [1] }],
  ['a missing program', Unknown, /executable file not found|no such file/i, { args: ['none'] }],
  ['a name with control characters', Unknown, /a.*\\x1b\[2Jb/, { args: ['a\n\u001b[2Jb'] }],
  ['a name of 100 kB', Unknown, /name too long|x… .*not found/i, { args: [long] }],
  ['a user of letters', InvalidArgument, /process: user\.uid is /, { user: { uid: 'root', gid: 0 } }],
].map(([name, code, names, change]) => ({
  name: `process: ${name as string}`,
  code: code as Code,
  names: names as RegExp,
  spec: (spec: RawSpec) => Object.assign(spec.process, change),
}));

const mounts: Case[] = [
  ['an unknown type', /nosuchfs|somewhere/, { destination: '/tmp', type: 'nosuchfs', source: 'somewhere' }],
  [
    'a missing source',
    /\/nonexistent\/source/,
    { destination: '/tmp', type: 'bind', source: '/nonexistent/source', options: ['bind'] },
  ],
].map(([name, names, mount]) => ({
  name: `mount: ${name as string}`,
  code: Unknown,
  names: names as RegExp,
  spec: (spec: RawSpec) => spec.mounts.push(mount),
}));

const rootfs: Case[] = [
  [
    'an unknown type',
    Unknown,
    /type nosuchfs from none: mount: .*\/rootfs: ENODEV/,
    { type: 'nosuchfs', source: 'none' },
  ],
  ['a type of 100 kB', Unknown, /type xxx.*x… /, { type: long, source: 'none' }],
  [
    'a type with a NUL',
    InvalidArgument,
    /type a\\x00b from none: contains a NUL/,
    { type: 'a\0b', source: 'none' },
  ],
  [
    'a missing source',
    Unknown,
    /bind from \/nonexistent\/layer: .*ENOENT/,
    { type: 'bind', source: '/nonexistent/layer', options: ['rbind'] },
  ],
  [
    'a source with control characters',
    Unknown,
    /from \/none\\x1b\[2J: .*ENOENT/,
    { type: 'bind', source: '/none\u001b[2J' },
  ],
  ['no source', Unknown, /rootfs mount of type ext4/, { type: 'ext4' }],
  [
    'an overlay without layers',
    Unknown,
    /rootfs mount of type overlay/,
    { type: 'overlay', source: 'overlay' },
  ],
  [
    'a missing layer',
    Unknown,
    /rootfs mount of type overlay from overlay/,
    { type: 'overlay', source: 'overlay', options: ['lowerdir=/nonexistent/a:/nonexistent/b'] },
  ],
  [
    'options of 100 kB',
    Unknown,
    /rootfs mount of type overlay/,
    { type: 'overlay', source: 'overlay', options: [`lowerdir=/${long}`] },
  ],
  [
    'options that mean nothing',
    Unknown,
    /rootfs mount of type tmpfs/,
    { type: 'tmpfs', source: 'none', options: ['garbage\u0007=\n'] },
  ],
  [
    'a helper program',
    Unimplemented,
    /type fuse\.sshfs is not supported/,
    { type: 'fuse.sshfs', source: 'host:' },
  ],
  [
    'a loop device',
    Unimplemented,
    /option loop is not supported/,
    { type: 'ext4', source: '/image', options: ['loop'] },
  ],
  [
    'a missing target',
    Unknown,
    /^rootfs mount target none: none: ENOENT/,
    { type: 'bind', source: '/etc', target: 'none' },
  ],
  [
    'a target that leads out',
    Unknown,
    /^rootfs mount target \.\.\/\.\.\/\.\.\/nonexistent: nonexistent: ENOENT/,
    { type: 'bind', source: '/etc', target: '../../../nonexistent' },
  ],
  [
    'a target with a NUL',
    InvalidArgument,
    /bind from \/etc: contains a NUL/,
    { type: 'bind', source: '/etc', target: '\0' },
  ],
].map(([name, code, names, mount]) => ({
  name: `rootfs: ${name as string}`,
  code: code as Code,
  names: names as RegExp,
  request: () => ({ rootfs: [{ source: '', target: '', options: [], ...(mount as { type: string }) }] }),
}));

const options: Case[] = [
  {
    name: 'garbage',
    code: InvalidArgument,
    names: /containerd\.runc\.v1\.Options/,
    request: () => ({ options: { typeUrl: 'containerd.runc.v1.Options', value: Buffer.alloc(50, 0xff) } }),
  },
  {
    name: 'a runtime that is missing',
    code: NotFound,
    names: /nosuchruntime not found/,
    request: () => ({ options: pack(Options, { binaryName: 'nosuchruntime' }) }),
  },
  {
    name: 'a runtime that is no program',
    code: NotFound,
    names: /\/etc\/passwd not found/,
    request: () => ({ options: pack(Options, { binaryName: '/etc/passwd' }) }),
  },
  {
    name: 'a runtime that makes nothing',
    code: Unknown,
    names: /true.*create|init\.pid/,
    request: () => ({ options: pack(Options, { binaryName: '/bin/true' }) }),
  },
  {
    name: 'a root where none can be',
    code: Unknown,
    names: /ENOENT.*\/proc\/nowhere/,
    request: () => ({ options: pack(Options, { root: '/proc/nowhere' }) }),
  },
  {
    name: 'a root that is a file',
    code: Unknown,
    names: /ENOTDIR.*\/etc\/passwd/,
    request: () => ({ options: pack(Options, { root: '/etc/passwd' }) }),
  },
  {
    name: 'a checkpoint',
    code: Unimplemented,
    names: /checkpoint \/c: checkpoints are not supported/,
    request: () => ({ checkpoint: '/c' }),
  },
  {
    name: 'a terminal that the spec has not',
    code: Unknown,
    names: /^OCI runtime create failed: |^no terminal /,
    request: () => ({ terminal: true }),
  },
].map((one) => ({ ...one, name: `options: ${one.name}` }));

for (const one of [...ids, ...bundles, ...files, ...specs, ...processes, ...mounts, ...rootfs, ...options]) {
  scenario(`create: ${one.name}`, (shim) => assertRefused(shim, one));
}

scenario('create: options of an unknown runtime count as none', async (shim) => {
  await shim.create('lenient', ['true'], {
    options: { typeUrl: 'a.b.Options', value: Buffer.alloc(9, 0xff) },
  });
  await shim.remove('lenient');
});

scenario('create: a mount follows no link of the image out of it', async (shim) => {
  const image = join(shim.directory, 'image');
  mkdirSync(join(image, 'etc'), { recursive: true });
  symlinkSync(shim.fifoDirectory, join(image, 'out'));
  const bundle = await shim.bundle(id, ['true']);
  const rootfs = ['', 'out'].map((target) => ({
    type: 'bind',
    source: image,
    target,
    options: ['rbind'],
  }));
  // Its absolute target is looked for below the root.
  const names = /^rootfs mount target out: tmp: ENOENT/;
  await refused(shim.call(methods.Create, { id, bundle, rootfs }), Code.Unknown, names);
  shim.removeBundle(id);
  rmSync(image, { recursive: true });
});

scenario('create: an id that is in use', async (shim) => {
  await shim.run('used');
  const bundle = await shim.bundle('used', ['true']);
  await refused(
    shim.call(methods.Create, { id: 'used', bundle }),
    Code.AlreadyExists,
    /^container used already/,
  );
  assert.equal((await shim.call(methods.State, { id: 'used' })).status, 2);
  await shim.remove('used');
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { OCI_PROCESS, packJson } from '../../src/proto/any.js';
import { TaskV2 } from '../../src/proto/generated/services.js';
import { Code } from '../../src/ttrpc/status.js';
import { refused, withRawShim } from './harness/raw-fixture.js';
import type { RawShim } from './harness/raw-shim.js';
import { rawProcess } from './harness/raw-spec.js';

const scenario = withRawShim({ shimConfig: ['logger_ready_seconds = 1'] });
const { methods } = TaskV2;
const { InvalidArgument, NotFound, Unknown } = Code;

type Stream = 'stdin' | 'stdout' | 'stderr';
type Case = readonly [name: string, streams: readonly Stream[], value: string, code: Code, names: RegExp];

const outputs = ['stdout', 'stderr'] as const;
const all = ['stdin', ...outputs] as const;
const long = 'x'.repeat(100_000);

// HERE is a folder with the things that `prepare` makes.
const cases: Case[] = [
  ['a path that does not exist', all, 'HERE/none', Unknown, /"HERE\/none": ENOENT/],
  ['a path below a file', all, '/etc/passwd/fifo', Unknown, /"\/etc\/passwd\/fifo": ENOTDIR/],
  ['a socket', all, 'HERE/socket', -1 as Code, /"HERE\/socket"/],
  ['a directory', all, 'HERE', InvalidArgument, /"HERE" is n/],
  ['a link to itself', all, 'HERE/loop', Unknown, /"HERE\/loop": ELOOP/],
  ['a device', all, '/dev/zero', InvalidArgument, /"\/dev\/zero" is n/],
  ['a file as input', ['stdin'], '/etc/passwd', InvalidArgument, /"\/etc\/passwd" is not a FIFO/],
  ['a relative path', all, 'fifo', InvalidArgument, /"fifo" is not an absolute path/],
  ['a path of 100 kB', all, `/${long}`, InvalidArgument, /"\/x{199}"… .* has a path of 100001 bytes/],
  ['a name of 300 characters', all, `/tmp/${'y'.repeat(300)}`, Unknown, /"\/tmp\/y+"….*: ENAMETOOLONG/],
  ['a path with a NUL', all, '/a\0b', InvalidArgument, /"\/a\\u0000b" has a NUL byte/],
  ['control characters', all, '/none\n\u001b[2J', Unknown, /"\/none\\n\\u001b\[2J": ENOENT/],
  ['an unknown scheme', all, 'gopher://x/y', InvalidArgument, /unknown scheme "gopher"/],
  ['a host', all, 'fifo://host/x', InvalidArgument, /names a host, "host"/],
  ['a bad escape', outputs, 'file:///%zz', InvalidArgument, /"file:\/\/\/%zz" has a malformed percent/],
  ['an escaped NUL', outputs, 'file:///a%00b', InvalidArgument, /has a NUL byte/],
  ['a logger as input', ['stdin'], 'binary:///bin/true', InvalidArgument, /is not the path of a FIFO/],
  ['a logger of its own', ['stderr'], 'binary:///bin/true', InvalidArgument, /only stdout can name a logger/],
  ['a log below a file', outputs, 'file:///etc/passwd/log', Unknown, /"\/etc\/passwd": (EEXIST|ENOTDIR)/],
  ['a log in /proc', outputs, 'file:///proc/logs/box/log', Unknown, /directory "\/proc\/logs\/box": ENOENT/],
  ['a log that is a directory', outputs, 'file://HERE', Unknown, /"HERE": EISDIR/],
  ['a log that is a FIFO', outputs, 'file://HERE/fifo', Unknown, /"HERE\/fifo": ENXIO/],
  [
    'a missing logger',
    ['stdout'],
    'binary:///none/logger',
    Unknown,
    /logger "\/none\/logger" failed: .*ENOENT/,
  ],
  ['no logger', ['stdout'], 'binary:///etc/passwd', Unknown, /logger "\/etc\/passwd" failed: .*EACCES/],
  ['a logger without name', ['stdout'], 'binary://', InvalidArgument, /"binary:\/\/" has no absolute path/],
  [
    'a logger that fails',
    ['stdout'],
    'binary:///bin/false',
    Unknown,
    /"\/bin\/false" exited with status 1 before/,
  ],
  [
    'a logger that is never ready',
    ['stdout'],
    'binary://HERE/idle',
    Unknown,
    /\/idle" was not ready within 1000 ms/,
  ],
  [
    'a logger that says nothing',
    ['stdout'],
    'binary-v2://HERE/mute',
    Unknown,
    /\/mute" closed its readiness pipe/,
  ],
];

for (const [name, streams, value, expected, names] of cases) {
  for (const stream of streams) {
    scenario(`stdio: ${stream}: ${name}`, async (shim) => {
      const here = await prepare(shim);
      const at = (text: string): string => text.replaceAll('HERE', here);
      const pattern = new RegExp(`^${stream}: .*(?:${at(names.source)})`, names.flags);
      // A socket is looked at before it is opened for output, and fails to open for input: open(2), ENXIO.
      const code = name === 'a socket' ? (stream === 'stdin' ? Unknown : InvalidArgument) : expected;
      const request = { [stream]: at(value) };
      const bundle = await shim.bundle('bad', ['true']);
      await refused(shim.call(methods.Create, { id: 'bad', bundle, ...request }), code, pattern);
      await refused(shim.call(methods.Delete, { id: 'bad' }), NotFound, /^container bad not created$/);
      shim.removeBundle('bad');

      // The streams of an exec are opened by its Start; its failure is the end of the exec.
      await shim.exec('witness', 'bad', { spec: packJson(OCI_PROCESS, rawProcess(['true'])), ...request });
      await refused(shim.start('witness', 'bad'), code, pattern);
      const exec = { id: 'witness', execId: 'bad' };
      assert.equal((await shim.call(methods.Wait, exec)).exitStatus, 255);
      await shim.call(methods.Delete, exec);
      rmSync(here, { recursive: true });
    });
  }
}

for (const value of ['/none/terminal', 'gopher://x']) {
  scenario(`stdio: a terminal whose output is ${value}`, async (shim) => {
    const bundle = await shim.bundle('bad', ['true'], (spec) => (spec.process['terminal'] = true));
    const code = value.startsWith('/') ? Unknown : InvalidArgument;
    const request = { id: 'bad', bundle, terminal: true, stdout: value };
    await refused(shim.call(methods.Create, request), code, /^stdout: "/);
    shim.removeBundle('bad');
  });
}

scenario('stdio: a log folder is not made for a container that is refused later', async (shim) => {
  const bundle = await shim.bundle('bad', ['true']);
  const request = { id: 'bad', bundle, stdin: '/none', stdout: `file://${shim.directory}/never/log` };
  await refused(shim.call(methods.Create, request), Unknown, /^stdin: FIFO "\/none"/);
  assert.ok(!existsSync(join(shim.directory, 'never')));
  shim.removeBundle('bad');
});

/** A folder with all kinds of things that are no FIFO of a client. */
async function prepare(shim: RawShim): Promise<string> {
  const here = join(shim.directory, 'here');
  mkdirSync(here);
  symlinkSync('loop', join(here, 'loop'));
  execFileSync('mkfifo', [join(here, 'fifo')]);
  writeFileSync(join(here, 'idle'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
  writeFileSync(join(here, 'mute'), '#!/bin/sh\nexec 5>&-\nexec sleep 1000\n', { mode: 0o755 });
  const server = createServer().listen(join(here, 'bound'));
  await once(server, 'listening');
  // Closing the server removes the name that it knows, not this one.
  linkSync(join(here, 'bound'), join(here, 'socket'));
  server.close();
  return here;
}

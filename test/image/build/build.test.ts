import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { build, type BuildOptions } from '../../../src/image/build/build.js';
import { openBuildCache } from '../../../src/image/build/cache.js';
import { parseContainerfile } from '../../../src/image/build/containerfile/parse.js';
import type { BuildEvent } from '../../../src/image/build/host.js';
import { parseIgnore } from '../../../src/image/build/ignore.js';
import { layerNames, memoryHost } from './memory-host.js';

const directory = mkdtempSync(join(tmpdir(), 'build-'));
after(() => {
  rmSync(directory, { recursive: true });
});
let caches = 0;

const files: Readonly<Record<string, string>> = { 'a.txt': 'a', 'src/x.c': 'x', 'src/deep/y.c': 'y' };
for (const [name, content] of Object.entries(files)) {
  mkdirSync(dirname(join(directory, 'context', name)), { recursive: true });
  writeFileSync(join(directory, 'context', name), content);
}

interface Built {
  readonly config: Record<string, unknown>;
  readonly layers: readonly (readonly string[])[];
  readonly digest: string;
  readonly events: readonly BuildEvent[];
}

async function builds(
  text: string,
  more: Partial<BuildOptions> = {},
  host = memoryHost(directory),
): Promise<Built> {
  caches += 1;
  const cache = more.cache ?? openBuildCache(join(directory, `cache-${caches}.db`));
  const events = host.events.splice(0);
  assert.deepEqual(events, []);
  const linux = { os: 'linux', architecture: 'amd64' };
  try {
    const manifest = await build(
      {
        containerfile: parseContainerfile('Containerfile', text),
        context: join(directory, 'context'),
        ignore: parseIgnore('', '.dockerignore'),
        args: new Map(),
        labels: new Map(),
        platform: linux,
        hostPlatform: linux,
        secrets: new Map(),
        cache,
        noCache: false,
        ...more,
      },
      host,
    );
    const document = host.document(manifest);
    const config = host.document(document['config'] as typeof manifest);
    const layers = (document['layers'] as (typeof manifest)[]).map((layer) => layerNames(host, layer));
    return {
      config,
      layers: await Promise.all(layers),
      digest: manifest.digest,
      events: host.events.splice(0),
    };
  } finally {
    if (more.cache === undefined) cache.close();
  }
}

test('an image of files and words', async () => {
  const { config, layers } = await builds(`
FROM scratch
ARG NAME=world
ENV A=1 B="$NAME two" C=$A
LABEL l="$B"
COPY a.txt /
COPY src /srv/
WORKDIR /work
EXPOSE 80 53/udp 8000-8001
VOLUME /data
USER 1:2
STOPSIGNAL SIGINT
HEALTHCHECK --interval=3s CMD true
CMD ["/bin/x", "y"]
`);
  assert.deepEqual(layers, [['a.txt'], ['srv/', 'srv/deep/', 'srv/deep/y.c', 'srv/x.c'], ['work/']]);
  assert.deepEqual(config['config'], {
    User: '1:2',
    ExposedPorts: { '53/udp': {}, '80/tcp': {}, '8000/tcp': {}, '8001/tcp': {} },
    Env: ['A=1', 'B=world two', 'C='],
    Cmd: ['/bin/x', 'y'],
    Volumes: { '/data': {} },
    WorkingDir: '/work',
    Labels: { l: 'world two' },
    StopSignal: 'SIGINT',
    Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 3e9 },
  });
});

test('ENTRYPOINT drops an inherited CMD, and not one of its own', async () => {
  const stages = 'FROM scratch AS a\nCMD ["a"]\n';
  const { config: dropped } = await builds(`${stages}FROM a\nENTRYPOINT ["e"]`);
  assert.deepEqual(dropped['config'], { Entrypoint: ['e'] });
  const { config: kept } = await builds(`${stages}FROM a\nCMD b\nENTRYPOINT ["e"]`);
  assert.deepEqual(kept['config'], { Entrypoint: ['e'], Cmd: ['/bin/sh', '-c', 'b'] });
});

test('a step that was done is not done again, and gives the same image', async () => {
  const cache = openBuildCache(join(directory, 'again.db'));
  const host = memoryHost(directory);
  const text = 'FROM scratch\nENV A=b\nCOPY a.txt /\nRUN make\nRUN test\n';
  const first = await builds(text, { cache }, host);
  // A fresh checkout: other times, the same files.
  utimesSync(join(directory, 'context/a.txt'), 1, 1);
  const second = await builds(text, { cache }, host);
  assert.equal(second.digest, first.digest);
  assert.equal(host.steps.length, 2);
  assert.equal(second.events.filter((event) => event.type === 'step' && event.cached === true).length, 3);
  const other = await builds(text.replace('RUN test', 'RUN other'), { cache }, host);
  assert.deepEqual(
    host.steps.map(({ args }) => args.at(-1)),
    ['make', 'test', 'other'],
  );
  assert.notEqual(other.digest, first.digest);
  const again = await builds(text, { cache, noCache: true }, host);
  assert.equal(host.steps.length, 5);
  assert.deepEqual(again.layers, first.layers);
  cache.close();
});

test('what a RUN sees makes it another step', async () => {
  const cache = openBuildCache(join(directory, 'sees.db'));
  const host = memoryHost(directory);
  const text = 'FROM scratch\nARG V\nRUN make\n';
  for (const args of [new Map(), new Map([['V', '1']]), new Map([['V', '2']]), new Map([['V', '1']])]) {
    await builds(text, { cache, args }, host);
  }
  assert.deepEqual(
    host.steps.map(({ env }) => env.filter((entry) => entry.startsWith('V='))),
    [[], ['V=1'], ['V=2']],
  );
  await builds(
    text,
    {
      cache,
      args: new Map([
        ['V', '1'],
        ['HTTP_PROXY', 'http://p'],
      ]),
    },
    host,
  );
  assert.equal(host.steps.length, 3, 'a proxy changes nothing that is made');
  cache.close();
});

test('a RUN that sees a part of the context by a mount is done again when that is another', async () => {
  const cache = openBuildCache(join(directory, 'mounted.db'));
  const host = memoryHost(directory);
  const context = join(directory, 'mounted');
  mkdirSync(join(context, 'seen'), { recursive: true });
  const reused = async (name: string, content: string): Promise<boolean> => {
    writeFileSync(join(context, name), content);
    const text = 'FROM scratch\nRUN --mount=type=bind,source=seen,target=/seen ["/make"]\n';
    const { events } = await builds(text, { cache, context }, host);
    return events.some((event) => event.type === 'step' && event.cached === true);
  };
  assert.equal(await reused('seen/file', 'one'), false);
  assert.equal(await reused('seen/file', 'one'), true);
  assert.equal(await reused('beside', 'it'), true);
  assert.equal(await reused('seen/file', 'two'), false);
  cache.close();
});

test('a layer that is gone from the store is made again', async () => {
  const cache = openBuildCache(join(directory, 'gone.db'));
  const first = await builds('FROM scratch\nCOPY a.txt /\n', { cache });
  const second = await builds('FROM scratch\nCOPY a.txt /\n', { cache, sourceDateEpoch: undefined });
  assert.deepEqual(second.layers, first.layers);
  cache.close();
});

test('SOURCE_DATE_EPOCH gives the same bytes at any time, from any checkout', async () => {
  const text = 'FROM scratch\nCOPY . /\nCOPY <<A /b\nc\nA\nWORKDIR /w\nRUN x\n';
  const epoch = { sourceDateEpoch: 1_000_000_000 };
  utimesSync(join(directory, 'context/a.txt'), 1_800_000_000, 1_800_000_000);
  const first = await builds(text, epoch);
  utimesSync(join(directory, 'context/a.txt'), 1_900_000_000, 1_900_000_000);
  const second = await builds(text, epoch);
  assert.equal(second.digest, first.digest);
  assert.equal(first.config['created'], '2001-09-09T01:46:40.000Z');
});

test('only the stages that are needed are built, and files come from them', async () => {
  const host = memoryHost(directory);
  const text = `
ARG WHERE=/out
FROM scratch AS unused
RUN fail
FROM scratch AS one
COPY a.txt /out/a
FROM scratch AS two
ARG WHERE
COPY --from=one $WHERE /from
FROM two
`;
  const { layers } = await builds(text, {}, host);
  assert.deepEqual(layers, [['from/', 'from/a']]);
  assert.equal(host.steps.length, 0);
  assert.deepEqual((await builds(text, { target: 'one' }, host)).layers, [['out/', 'out/a']]);
  assert.deepEqual((await builds(text, { target: '1' }, host)).layers, [['out/', 'out/a']]);
});

test('triggers of a base are done by who builds upon it, once', async () => {
  const base = 'FROM scratch AS base\nONBUILD COPY a.txt /on\nONBUILD ENV ON=1\n';
  const { layers, config } = await builds(`${base}FROM base\nENV B=2\nFROM 1\nENV C=3`);
  assert.deepEqual(layers, [['on']]);
  assert.deepEqual(config['config'], { Env: ['ON=1', 'B=2', 'C=3'] });
});

test('a heredoc is a file, with its variables or without', async () => {
  const host = memoryHost(directory);
  await builds(
    `FROM scratch\nENV A=b\nCOPY <<X <<"Y" /d/\n$A\nX\n$A\nY\nRUN <<E\n#!/bin/awk -f\nBEGIN {}\nE\n`,
    {},
    host,
  );
  assert.deepEqual(
    host.steps.map(({ args, stdin }) => [args, stdin]),
    [[['/bin/awk', '-f', '/dev/stdin'], '#!/bin/awk -f\nBEGIN {}\n']],
  );
});

test('a --build-arg that nothing takes is told', async () => {
  const { events } = await builds('FROM scratch\n', { args: new Map([['X', '1']]) });
  assert.deepEqual(events, [{ type: 'warning', text: 'no ARG takes --build-arg X' }]);
});

test('ADD unpacks archives into the target, and keeps other files as they are', async () => {
  const packed = join(directory, 'packed');
  mkdirSync(join(packed, 'in/deep'), { recursive: true });
  writeFileSync(join(packed, 'in/deep/file'), 'packed');
  symlinkSync('deep/file', join(packed, 'in/link'));
  linkSync(join(packed, 'in/deep/file'), join(packed, 'in/same'));
  const context = join(directory, 'archives');
  mkdirSync(context);
  const archive = join(context, 'a.tar.gz');
  execFileSync('tar', ['-czf', archive, '-C', packed, '--sort=name', 'in']);
  writeFileSync(join(context, 'plain'), 'no archive at all'.repeat(50));
  const names = ['srv/in/', 'srv/in/deep/', 'srv/in/deep/file', 'srv/in/link', 'srv/in/same'];
  const unpacked = await builds('FROM scratch\nADD --chown=7:8 a.tar.gz /srv/\nADD plain /srv/', { context });
  assert.deepEqual(unpacked.layers, [names, ['srv/plain']]);
  const { layers } = await builds('FROM scratch\nADD --unpack=false a.tar.gz /srv/', { context });
  assert.deepEqual(layers, [['srv/', 'srv/a.tar.gz']]);
});

test('an archive whose names lead out of it is refused', async () => {
  const context = join(directory, 'evil');
  mkdirSync(context);
  writeFileSync(join(context, 'victim'), 'x');
  const transform = ['-P', '--transform=s,victim,../../victim,'];
  execFileSync('tar', ['-cf', join(context, 'evil.tar'), ...transform, '-C', context, 'victim']);
  await assert.rejects(builds('FROM scratch\nADD evil.tar /', { context }), {
    kind: 'invalid',
    message: /evil\.tar: the name "\.\.\/\.\.\/victim" leads out of it$/,
  });
});

test('an archive that cannot be decompressed here is refused by name', async () => {
  const context = join(directory, 'packed-otherwise');
  mkdirSync(context);
  writeFileSync(join(context, 'a.txz'), Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2]));
  await assert.rejects(builds('FROM scratch\nADD a.txz /', { context }), {
    kind: 'unsupported',
    message: /"a\.txz" is compressed by xz; use gzip or zstd, or COPY it$/,
  });
});

test('ADD of an address is a file of its name, for its owner alone', async () => {
  const { layers } = await builds('FROM scratch\nADD http://host.example/dir/name.txt /srv/\n');
  assert.deepEqual(layers, [['srv/', 'srv/name.txt']]);
});

const broken: readonly (readonly [string, Partial<BuildOptions>, string])[] = [
  ['FROM scratch\nCOPY none /', {}, 'Containerfile:2: COPY none /: "none" in the context: there is none'],
  ['FROM scratch\nCOPY --from=x a /', {}, 'Containerfile:2: COPY --from=x a /: x: there is no such image'],
  ['FROM none:1', {}, 'Containerfile:1: FROM none:1: none:1: there is no such image'],
  ['FROM $X', {}, "Containerfile:1: FROM $X: the image's name is empty"],
  ['FROM scratch\nRUN fail', {}, 'Containerfile:2: RUN fail: it ended with exit code 3'],
  ['FROM scratch\nENV A=${B', {}, 'Containerfile:2: ${B is not closed, or has an operator that is not known'],
  [
    'FROM scratch\nEXPOSE 99999',
    {},
    'Containerfile:2: EXPOSE 99999: EXPOSE: "99999" is no port, as 80, 53/udp or 8000-8010',
  ],
  ['FROM scratch\nSTOPSIGNAL no', {}, 'Containerfile:2: STOPSIGNAL no: STOPSIGNAL: "no" is no signal'],
  [
    'FROM scratch\nCOPY --chown=www a.txt /',
    {},
    'Containerfile:2: COPY --chown=www a.txt /: --chown=www: the image has no user "www"',
  ],
  [
    'FROM scratch\nRUN --mount=type=secret,id=s,required=true x',
    {},
    'Containerfile:2: RUN --mount=type=secret,id=s,required=true x: secret "s": give it with --secret id=s,src=FILE',
  ],
  ['FROM scratch\nADD --checksum=sha256:' + '0'.repeat(64) + ' http://h/f /', {}, 'corrupt'],
  ['FROM scratch', { target: 'x' }, 'Containerfile has no stage "x"; it has none with a name'],
];
for (const [text, more, message] of broken) {
  test(`refused: ${message}`, async () => {
    const expected = message === 'corrupt' ? { kind: 'corrupt' } : { message };
    await assert.rejects(builds(text, more), { name: 'ImageError', ...expected });
  });
}

test('a build that is stopped ends', async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(builds('FROM scratch\nENV A=b', { signal }), { name: 'AbortError' });
});

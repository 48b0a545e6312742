import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseContainerfile } from '../../../../src/image/build/containerfile/parse.js';

/** The instructions of one stage, without their places. */
function body(...lines: readonly string[]): object[] {
  const found = parseContainerfile('Containerfile', ['FROM scratch', ...lines].join('\n'));
  return (found.stages[0]?.body ?? []).map((instruction) => {
    const rest: Record<string, unknown> = { ...instruction };
    delete rest['line'];
    delete rest['text'];
    return rest;
  });
}

const run = { kind: 'run', mounts: [], network: 'default' };
const copy = { kind: 'copy', add: false, exclude: [], parents: false };
const path = (name: string): object => ({ kind: 'path', path: name });
const shell = (line: string): object => ({ form: 'shell', line });
const exec = (...words: string[]): object => ({ form: 'exec', words });

const table: readonly (readonly [string, readonly string[], object])[] = [
  ['a shell form', ['RUN echo "a b" | wc'], { ...run, command: shell('echo "a b" | wc') }],
  [
    'an exec form keeps spaces and escapes',
    ['RUN ["sh", "-c", "echo \\"x y\\""]'],
    { ...run, command: exec('sh', '-c', 'echo "x y"') },
  ],
  [
    'what only looks like a list is for the shell',
    ['RUN [ -f /x ] && y'],
    { ...run, command: shell('[ -f /x ] && y') },
  ],
  [
    'continued lines, with comments and empty lines between',
    ['RUN a \\', '  # no', '', '  && b'],
    { ...run, command: shell('a   && b') },
  ],
  ['lower case', ['run x'], { ...run, command: shell('x') }],
  ['a comment at the end of a line is none', ['RUN a # b'], { ...run, command: shell('a # b') }],
  ['a heredoc as script', ['RUN <<EOF', 'one', '$two', 'EOF'], { ...run, command: shell('one\n$two\n') }],
  [
    'a heredoc with an interpreter',
    ['RUN <<EOF', '#!/bin/awk', 'x', 'EOF'],
    { ...run, command: shell('#!/bin/awk\nx\n'), script: '#!/bin/awk\nx\n' },
  ],
  [
    'a heredoc for a command',
    ['RUN cat <<A <<-B', 'a', 'A', '\tb', '\tB'],
    { ...run, command: shell('cat <<A <<-B\na\nA\nb\nB') },
  ],
  ['a shift is no heredoc', ['RUN echo $((1<<2))'], { ...run, command: shell('echo $((1<<2))') }],
  [
    'mounts and network',
    ['RUN --network=none --mount=type=cache,dst=/c,id=x --mount=source=/s,target=/t,rw y'],
    {
      ...run,
      network: 'none',
      command: shell('y'),
      mounts: [
        { type: 'cache', target: '/c', id: 'x', readonly: false, required: false },
        { type: 'bind', target: '/t', source: '/s', readonly: false, required: false },
      ],
    },
  ],
  [
    'COPY of several',
    ['COPY --from=0 --chown=1:2 --chmod=755 a b /c/'],
    { ...copy, sources: [path('a'), path('b')], target: '/c/', from: '0', chown: '1:2', chmod: '755' },
  ],
  ['COPY of names with spaces', ['COPY ["a b", "c d"]'], { ...copy, sources: [path('a b')], target: 'c d' }],
  [
    'COPY of text',
    ['COPY <<A <<"B" /x/', 'a $v', 'A', 'b $v', 'B'],
    {
      ...copy,
      sources: [
        { kind: 'inline', name: 'A', tabs: false, expand: true, content: 'a $v\n' },
        { kind: 'inline', name: 'B', tabs: false, expand: false, content: 'b $v\n' },
      ],
      target: '/x/',
    },
  ],
  [
    'COPY with exclude and parents',
    ['COPY --parents --exclude=*.o --exclude=*.a . /x/'],
    { ...copy, parents: true, exclude: ['*.o', '*.a'], sources: [path('.')], target: '/x/' },
  ],
  [
    'ADD',
    ['ADD --checksum=sha256:1 --unpack=false http://x/y /z'],
    { ...copy, add: true, checksum: 'sha256:1', unpack: false, sources: [path('http://x/y')], target: '/z' },
  ],
  [
    'ENV of several',
    ['ENV A=b C="d e" F=g\\ h I='],
    {
      kind: 'env',
      pairs: [
        ['A', 'b'],
        ['C', '"d e"'],
        ['F', 'g\\ h'],
        ['I', ''],
      ],
    },
  ],
  ['ENV of old', ['ENV A b  c=d'], { kind: 'env', pairs: [['A', 'b  c=d']] }],
  [
    'LABEL',
    [`LABEL "a.b"='c d' e=f`],
    {
      kind: 'label',
      pairs: [
        ['"a.b"', "'c d'"],
        ['e', 'f'],
      ],
    },
  ],
  [
    'ARG',
    ['ARG A B=c'],
    {
      kind: 'arg',
      args: [
        ['A', undefined],
        ['B', 'c'],
      ],
    },
  ],
  ['CMD', ['CMD ["a", "b"]'], { kind: 'cmd', command: exec('a', 'b') }],
  ['CMD of nothing', ['CMD []'], { kind: 'cmd', command: exec() }],
  ['ENTRYPOINT', ['ENTRYPOINT exec top -b'], { kind: 'entrypoint', command: shell('exec top -b') }],
  ['SHELL', ['SHELL ["/bin/sh", "-ec"]'], { kind: 'shell', words: ['/bin/sh', '-ec'] }],
  ['WORKDIR', ['WORKDIR /a b'], { kind: 'workdir', path: '/a b' }],
  ['USER', ['USER www:$G'], { kind: 'user', user: 'www:$G' }],
  ['EXPOSE', ['EXPOSE 80 443/tcp $P'], { kind: 'expose', ports: ['80', '443/tcp', '$P'] }],
  ['VOLUME', ['VOLUME ["/a b"]'], { kind: 'volume', paths: ['/a b'] }],
  ['STOPSIGNAL', ['STOPSIGNAL SIGINT'], { kind: 'stopsignal', signal: 'SIGINT' }],
  ['MAINTAINER', ['MAINTAINER A <a@b>'], { kind: 'maintainer', name: 'A <a@b>' }],
  [
    'HEALTHCHECK',
    ['HEALTHCHECK --interval=1m30s --retries=3 CMD x -y'],
    { kind: 'healthcheck', command: shell('x -y'), interval: 90e9, retries: 3 },
  ],
  ['HEALTHCHECK NONE', ['HEALTHCHECK NONE'], { kind: 'healthcheck' }],
  ['ONBUILD', ['ONBUILD COPY a /b'], { kind: 'onbuild', instruction: 'COPY a /b' }],
];
for (const [what, lines, instruction] of table) {
  test(`${what}: ${lines[0] ?? ''}`, () => {
    assert.deepEqual(body(...lines), [instruction]);
  });
}

test('stages, their names and what stands before them', () => {
  const found = parseContainerfile('x', 'ARG V=3\nFROM --platform=$P alpine:$V as Base\nFROM base\nRUN y\n');
  assert.deepEqual(found.globals, [['V', '3']]);
  assert.deepEqual(
    found.stages.map(({ from }) => [from.image, from.name, from.platform, from.line]),
    [
      ['alpine:$V', 'base', '$P', 2],
      ['base', undefined, undefined, 3],
    ],
  );
});

test('a directive names the escape, in lines of either ending', () => {
  const found = parseContainerfile(
    'x',
    '\uFEFF# syntax=a\r\n# escape=`\r\nFROM a\r\nRUN b `\r\n c\\\r\nRUN d',
  );
  assert.equal(found.escape, '`');
  assert.deepEqual(
    found.stages[0]?.body.map((each) => each.text),
    ['RUN b  c\\', 'RUN d'],
  );
});

test('a directive after a comment is a comment', () => {
  assert.equal(parseContainerfile('x', '# a\n# escape=`\nFROM a').escape, '\\');
});

const broken: readonly (readonly [string, string])[] = [
  ['', 'x:1: no FROM: a Containerfile begins with the image that it builds upon'],
  ['RUN a', 'x:1: "RUN" before the first FROM; only ARG may stand there'],
  ['FROM', 'x:1: FROM needs an image, a stage or scratch'],
  ['FROM a b', 'x:1: FROM is "FROM IMAGE" or "FROM IMAGE AS NAME", not "FROM a b"'],
  ['FROM a AS 1b', 'x:1: "1b" is no name of a stage: a letter, then letters, digits, "_", "-", "."'],
  ['FROM a AS b\nFROM c AS b', 'x:2: a second stage "b"; the first is in line 1'],
  ['FROM a\n\nCOPPY a b', 'x:3: "COPPY" is no instruction; COPY is one'],
  ['FROM a\nconstructor a', 'x:2: "CONSTRUCTOR" is no instruction'],
  ['FROM a\nRUN', 'x:2: RUN needs a command'],
  ['FROM a\nRUN --bad=1 x', 'x:2: unknown flag --bad; known here: --mount --network --security'],
  ['FROM a\nRUN --network=x y', 'x:2: --network is default, none or host, not "x"'],
  ['FROM a\nRUN --mount=type=ssh y', 'x:2: --mount: type is bind, cache, tmpfs, secret, not "ssh"'],
  ['FROM a\nRUN --mount=type=cache y', 'x:2: --mount=type=cache needs a target'],
  ['FROM a\nRUN <<EOF\nb', 'x:2: <<EOF has no end: a line "EOF"'],
  ['FROM a\nCOPY a', 'x:2: COPY needs a source and a target'],
  ['FROM a\nCOPY a b c', 'x:2: COPY of several sources needs a target that ends in "/", not "c"'],
  ['FROM a\nCOPY --chown=1 --chown=2 a b', 'x:2: --chown is given twice'],
  ['FROM a\nCOPY <<E\na\nE', 'x:2: COPY needs a source and a target'],
  [
    'FROM a\nADD --from=b a b',
    'x:2: unknown flag --from; known here: --chown --chmod --link --exclude --parents --checksum --unpack --keep-git-dir',
  ],
  ['FROM a\nENV A', 'x:2: ENV "A" has no value'],
  ['FROM a\nENV A=b c', 'x:2: ENV: "c" is not NAME=VALUE'],
  ['FROM a\nENV =b', 'x:2: ENV: "=b" has no name'],
  ['FROM a\nARG 1', 'x:2: ARG: "1" is no name'],
  ['FROM a\nSHELL /bin/sh', 'x:2: SHELL is a list in JSON, as ["/bin/sh", "-c"], not "/bin/sh"'],
  ['FROM a\nHEALTHCHECK x', 'x:2: HEALTHCHECK is NONE or CMD and a command, not "x"'],
  [
    'FROM a\nHEALTHCHECK --interval=5 CMD x',
    'x:2: --interval=5 is no duration of at least 1ms, as 30s or 1m30s',
  ],
  ['FROM a\nONBUILD FROM b', 'x:2: ONBUILD FROM is not allowed'],
  ['FROM a\nONBUILD RUN', 'x:2: RUN needs a command'],
  ['# escape=x\nFROM a', 'x:1: escape is \\ or `, not "x"'],
  ['FROM a\nRUN \0', 'x:2: a NUL'],
];
for (const [text, message] of broken) {
  test(`refused: ${message}`, () => {
    assert.throws(() => parseContainerfile('x', text), { name: 'ImageError', kind: 'invalid', message });
  });
}

test('whatever the bytes, the answer is a Containerfile or one line of error', () => {
  const words = [
    'FROM',
    'RUN',
    'COPY',
    'a',
    '\n',
    ' ',
    '\\\n',
    '<<A',
    '--x=y',
    '[',
    '"',
    "'",
    '$',
    '{',
    '#',
    'A',
    'ENV',
    'HEALTHCHECK',
    '=',
  ];
  let seed = 20261128;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  for (let round = 0; round < 3000; round += 1) {
    const text =
      'FROM a\n' +
      Array.from({ length: random(30) }, () => words[random(words.length)]).join(random(2) ? ' ' : '');
    try {
      parseContainerfile('x', text);
    } catch (error) {
      assert(
        error instanceof Error && error.name === 'ImageError',
        `${JSON.stringify(text)}: ${String(error)}`,
      );
      assert.match(error.message, /^x:\d+: [^\n]+$/, JSON.stringify(text));
    }
  }
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withJailer, type Jailer } from './harness/jailer.js';
import { describe, type Program } from './harness/program.js';

const scenario = withJailer();

let contexts = 0;

/** Makes a context with busybox in it, and these files. */
function context(jailer: Jailer, files: Readonly<Record<string, string>>): string {
  contexts += 1;
  const directory = join(jailer.directory, `context-${contexts}`);
  mkdirSync(directory);
  copyFileSync('/bin/busybox', join(directory, 'busybox'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

/** Waits for what a build says on standard error. */
async function printed(program: Program, words: RegExp): Promise<void> {
  while (!words.test(program.stderr)) await once(program.child.stderr, 'data');
}

const base = `FROM scratch AS base
COPY --chmod=755 busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /etc /tmp && echo 'root:x:0:0::/:/bin/sh' > /etc/passwd && echo 'web:x:80:81::/srv:/bin/sh' >> /etc/passwd
`;

scenario('an image is built in stages, and runs as it says', async (jailer) => {
  const files = {
    Containerfile: `${base}
FROM base AS made
ARG WHO=nobody
RUN echo "made for $WHO" > /made && ln /made /again && chmod 4711 /made
FROM base
ENV GREETING=hello
WORKDIR /srv
COPY --from=made --chown=web /made made
COPY <<END greet
#!/bin/sh
echo $GREETING \\$1
END
RUN rm /etc/passwd && echo 'web:x:80:81::/srv:/bin/sh' > /etc/passwd && [ "$(stat -c %a made)" = 4711 ]
USER web
ENTRYPOINT ["sh", "greet"]
CMD ["world"]
`,
  };
  const words = ['build', '-t', 'greeter', '--build-arg', 'WHO=you', context(jailer, files)];
  const first = await jailer.output(words);
  assert.match(first, /^sha256:[0-9a-f]{64}$/);
  assert.equal(await jailer.output(words), first, 'the same build is the same image');
  assert.equal(await jailer.output(['run', '--rm', 'greeter']), 'hello world');
  assert.equal(await jailer.output(['run', '--rm', 'greeter', 'you']), 'hello you');
  const run = ['run', '--rm', '--entrypoint', 'sh', 'greeter', '-c'];
  assert.equal(
    await jailer.output([...run, 'cat made; stat -c "%u %g" made; id -u; pwd']),
    'made for you\n80 81\n80\n/srv',
  );
  assert.equal(await jailer.output([...run, 'ls /made /again 2>/dev/null | wc -l']), '0');
});

scenario('what a step prints is seen, and a step that fails ends the build in one line', async (jailer) => {
  const files = { Containerfile: `${base}RUN echo seen; echo complaint >&2; exit 5\nRUN echo never\n` };
  const outcome = await jailer.run(['build', context(jailer, files)]);
  assert.equal(outcome.code, 125, describe(outcome));
  assert.match(outcome.stderr, /^seen$/m);
  assert.match(outcome.stderr, /^complaint$/m);
  assert.doesNotMatch(outcome.stderr, /never$/m);
  const last = outcome.stderr.trimEnd().split('\n').at(-1) ?? '';
  assert.match(last, /^jailer: Containerfile:5: RUN echo seen; .*: it ended with exit code 5$/);
  assert.equal(outcome.stdout, '');
});

scenario('a secret and a cache are there for a step, and nowhere after it', async (jailer) => {
  const secret = join(jailer.directory, 'secret');
  writeFileSync(secret, 'hush\n', { mode: 0o600 });
  const step =
    'RUN --mount=type=secret,id=s --mount=type=cache,target=/cache --mount=type=bind,source=note,target=/note';
  const files = {
    note: 'noted\n',
    Containerfile: `${base}${step} cat /run/secrets/s /note >> /cache/seen && cp /cache/seen /copy\nCMD cat /copy; ls /cache /run/secrets\n`,
  };
  const directory = context(jailer, files);
  await jailer.output(['build', '-t', 'secretive', '--secret', `id=s,src=${secret}`, directory]);
  const outcome = await jailer.run(['run', '--rm', 'secretive']);
  assert.equal(outcome.stdout.replace(/^\/.*:\n|^s$\n/gm, '').trim(), 'hush\nnoted', describe(outcome));
});

scenario('with SOURCE_DATE_EPOCH two stores build the same bytes', async (jailer) => {
  const directory = context(jailer, {
    Containerfile: `${base}RUN date > /dev/null; touch /made\n`,
    file: 'x',
  });
  const env = { ...jailer.environment, SOURCE_DATE_EPOCH: '1700000000' };
  const build = (data: string): Promise<string> =>
    jailer.output(['--data-dir', join(jailer.directory, data), 'build', '-t', 'same', directory], { env });
  assert.equal(await build('one'), await build('two'));
});

const broken: readonly (readonly [string, string, RegExp])[] = [
  [
    'an unknown instruction',
    'FROM scratch\nCOPPY a b\n',
    /Containerfile:2: "COPPY" is no instruction; COPY is one\n$/,
  ],
  [
    'a missing file',
    'FROM scratch\nCOPY none /\n',
    /:2: COPY none \/: "none" in the context: there is none\n$/,
  ],
  [
    'a program that is not there',
    `${base}RUN ["/nothing"]\n`,
    /:5: RUN \["\/nothing"\]: .*no such file or directory/,
  ],
  ['a user that is not there', `${base}USER nobody\nRUN true\n`, /:6: RUN true: .*nobody/],
  ['a target out of reach', `${base}COPY busybox /bin/sh/x\n`, /:5: .*is no directory\n$/],
];
for (const [what, text, words] of broken) {
  scenario(`a build with ${what} says so, and leaves nothing`, async (jailer) => {
    const outcome = await jailer.run(['build', context(jailer, { Containerfile: text })]);
    assert.equal(outcome.code, 125, describe(outcome));
    assert.match(outcome.stderr, words);
    assert.equal(outcome.stderr.match(/^jailer: /gm)?.length, 1);
  });
}

for (const signal of ['SIGINT', 'SIGKILL'] as const) {
  scenario(
    `a build that ends by ${signal} amid a step leaves nothing, and the next one goes on`,
    async (jailer) => {
      // The step waits until it is allowed to end, so that it runs when the signal comes.
      const gate = join(jailer.directory, `gate-${signal}`);
      mkdirSync(gate);
      const wait =
        'RUN --mount=type=bind,source=gate,target=/gate echo waiting; while [ ! -e /tmp/x ]; do sleep 0.1; done';
      const files = { Containerfile: `${base}RUN echo ${signal} > /before\n${wait}\n`, 'gate/x': '' };
      const directory = context(jailer, files);
      const program = jailer.start(['build', directory]);
      await printed(program, /^waiting$/m);
      program.child.kill(signal);
      const outcome = await program.outcome;
      assert.notEqual(outcome.code, 0);
      // A killed build can clean up nothing itself: the next command does.
      await jailer.output(['ps', '-a']);
      assert.deepEqual(jailer.look(), []);
      writeFileSync(
        join(directory, 'Containerfile'),
        `${base}RUN echo ${signal} > /before\nCMD cat /before\n`,
      );
      const again = await jailer.run(['build', '-t', 'again', directory]);
      assert.equal(again.code, 0, describe(again));
      assert.equal(again.stderr.match(/^ {2}as before$/gm)?.length, 4, again.stderr);
      assert.equal(await jailer.output(['run', '--rm', 'again']), signal);
    },
  );
}

scenario('prune gives back what nobody needs, and keeps the rest', async (jailer) => {
  const directory = context(jailer, { Containerfile: `${base}RUN echo kept > /kept\nCMD cat /kept\n` });
  await jailer.output(['build', '-t', 'kept', directory]);
  await jailer.output(['prune', '--build-cache']);
  assert.equal(await jailer.output(['run', '--rm', 'kept']), 'kept');
  const index = JSON.parse(readFileSync(join(jailer.data, 'index.json'), 'utf8')) as { manifests: object[] };
  assert.ok(index.manifests.length > 0);
});

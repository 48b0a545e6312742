import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { names } from './fixture.js';
import { buildNative, repository } from './programs.js';

const commands = ['containerd-shim-runc-v2', 'containerd-shim-runj-v1'];

interface Installation {
  readonly prefix: string;
  /** runs the installer; [exit status, stdout, stderr] */
  install: (...options: string[]) => [number | null, string, string];
  path: (...parts: string[]) => string;
}

/** A build with a main.js that says what it is, and where to install it. */
function createInstallation(context: TestContext): Installation {
  const directory = mkdtempSync(join(tmpdir(), 'launcher-install-'));
  context.after(() => {
    rmSync(directory, { recursive: true });
  });
  const [build, prefix] = [join(directory, 'build'), join(directory, 'prefix')];
  mkdirSync(join(build, 'src'), { recursive: true });
  mkdirSync(join(build, 'native'));
  cpSync(join(buildNative('release'), commands[0] ?? ''), join(build, 'native', commands[0] ?? ''));
  writeFileSync(join(build, 'native/agent'), '', { mode: 0o755 });
  writeFileSync(join(build, 'src/main.js'), "import 'pino';\nconsole.log(process.argv[2]);\n");
  // Through links Node sees where the build really is, which must be in a tree like this one.
  symlinkSync(join(repository, 'node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  return {
    prefix,
    install: (...options) => {
      const args = ['--prefix', prefix, '--build', build, ...options];
      const { status, stdout, stderr } = spawnSync(join(repository, 'scripts/install'), args, {
        encoding: 'utf8',
      });
      return [status, stdout, stderr];
    },
    path: (...parts) => join(prefix, ...parts),
  };
}

function info(program: string): string {
  const environment = { ...process.env, CONTAINERD_SHIM_JAIL_CONFIG: '' };
  return spawnSync(program, ['-info'], { encoding: 'utf8', env: environment }).stdout;
}

for (const options of [[], ['--link']]) {
  test(`installs what works, again, and removes it ${options.join('')}`, (context) => {
    const { install, path } = createInstallation(context);
    for (const round of ['install', 'upgrade']) {
      const [status, stdout, stderr] = install(...options);
      assert.deepEqual([status, stderr], [0, ''], round);
      assert.match(stdout, /--runtime .*\/bin\/containerd-shim-runc-v2/);
      assert.deepEqual(names(path('bin')), [...commands, 'jailer']);
      assert.deepEqual(names(path('lib')), ['containerd-shim-jail']);
      const inodes = commands.map((command) => statSync(path('bin', command)).ino);
      assert.equal(inodes[0], inodes[1]);
      for (const command of commands) assert.equal(info(path('bin', command)), 'info\n');
      assert.deepEqual(names(path('libexec/cni')), ['jail-bridge']);
      assert.equal(spawnSync(path('libexec/cni/jail-bridge'), { encoding: 'utf8' }).stdout, 'cni\n');
      assert.deepEqual(names(path('share/examples/containerd-shim-jail')), ['10-jail-bridge.conflist']);
    }
    const library = path('lib/containerd-shim-jail');
    assert.equal(lstatSync(join(library, 'src')).isSymbolicLink(), options.length > 0);
    assert.ok((statSync(join(library, 'native/agent')).mode & 0o111) !== 0);
    if (options.length === 0) {
      assert.ok(existsSync(join(library, 'node_modules/koffi')));
      assert.ok(!existsSync(join(library, 'node_modules/typescript')));
    }
    assert.deepEqual(install('--uninstall'), [0, '', '']);
    assert.deepEqual([names(path('bin')), names(path('lib'))], [[], []]);
    assert.deepEqual([names(path('libexec/cni')), names(path('share/examples'))], [[], []]);
    assert.ok(existsSync(join(repository, 'node_modules/pino')));
  });
}

test("does not overwrite another project's shim unless told to, and gives it back", (context) => {
  const { install, path } = createInstallation(context);
  const command = path('bin', commands[0] ?? '');
  mkdirSync(path('bin'), { recursive: true });
  writeFileSync(command, '#!/bin/sh\necho theirs\n', { mode: 0o755 });
  const [status, stdout, stderr] = install('--link');
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /^install: .*\/containerd-shim-runc-v2 belongs to another program: .*\n$/);
  assert.deepEqual(names(path('lib')), []);
  assert.equal(install('--link', '--force')[0], 0);
  assert.equal(info(command), 'info\n');
  assert.equal(install('--uninstall')[0], 0);
  assert.equal(readFileSync(command, 'utf8'), '#!/bin/sh\necho theirs\n');
});

test("does not overwrite another project's plugin", (context) => {
  const { install, path } = createInstallation(context);
  mkdirSync(path('libexec/cni'), { recursive: true });
  writeFileSync(path('libexec/cni/jail-bridge'), 'theirs');
  const [status, , stderr] = install('--link');
  assert.equal(status, 1);
  assert.match(stderr, /^install: .*\/libexec\/cni\/jail-bridge belongs to another program: /);
  assert.deepEqual(names(path('bin')), []);
  assert.equal(install('--uninstall')[0], 0);
  assert.equal(readFileSync(path('libexec/cni/jail-bridge'), 'utf8'), 'theirs');
});

test('says what is missing', (context) => {
  const { install } = createInstallation(context);
  const [status, , stderr] = install('--build', '/nonexistent');
  assert.deepEqual([status, stderr], [1, 'install: there is no build: run scripts/build first\n']);
  assert.match(
    install('--build', '/tmp')[2],
    /^install: \/tmp\/src\/main\.js is not there: run scripts\/build first\n$/,
  );
  assert.match(install('--nonsense')[2], /^usage: scripts\/install /);
  assert.match(install('--prefix')[2], /^install: --prefix needs a directory\n$/);
});

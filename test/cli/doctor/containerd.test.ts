import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { Check } from '../../../src/cli/doctor/check.js';
import { containerdChecks } from '../../../src/cli/doctor/containerd.js';
import { inFolder } from '../../image/content/place.js';

interface Host {
  /** Checks that are not well. */
  readonly wrong: () => Promise<Check[]>;
  /** Puts a program that prints a line into one of the two folders of PATH. */
  readonly program: (folder: 'first' | 'second', name: string, line: string) => Promise<void>;
  readonly configure: (text: string) => Promise<void>;
  readonly folder: string;
}

const onHost = (body: (host: Host) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    for (const name of ['first', 'second']) await mkdir(join(folder, name));
    const config = join(folder, 'config.toml');
    await body({
      folder,
      wrong: async () =>
        (
          await containerdChecks({
            config,
            path: `${folder}/first:${folder}/second`,
            launcher: `${folder}/first/containerd-shim-runc-v2`,
          })
        ).filter(({ ok }) => !ok),
      program: async (where, name, line) => {
        const path = join(folder, where, name);
        await writeFile(path, `#!/bin/sh\necho '${line}'\n`);
        await chmod(path, 0o755);
      },
      configure: (text) => writeFile(config, text),
    });
  });

const ready = async ({ program }: Host): Promise<void> => {
  await program('first', 'containerd-shim-runc-v2', 'containerd-shim-jail 0.1.0');
  await program('second', 'containerd', 'containerd github.com/containerd/containerd v1.7.2 abc');
};

suite('what the doctor sees of containerd', () => {
  test('nothing where there is none', async () => {
    await onHost(async ({ wrong }) => {
      assert.deepEqual(await wrong(), []);
    });
  });

  test('all is well where the shim comes first', async () => {
    await onHost(async (host) => {
      await ready(host);
      await host.configure(
        'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\n',
      );
      assert.deepEqual(await host.wrong(), []);
      await host.program('second', 'containerd', 'containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1');
      assert.deepEqual(await host.wrong(), []);
    });
  });

  test('another shim, none, and a version that is too old', async () => {
    await onHost(async (host) => {
      await ready(host);
      await host.program('first', 'containerd-shim-runc-v2', 'containerd-shim-runc-v2: Version: 1.7');
      const [other] = await host.wrong();
      assert.match(
        other?.problem ?? '',
        /\/first\/containerd-shim-runc-v2 comes first, which is another program$/,
      );
      assert.match(other?.remedy ?? '', /PATH=.*\/first:\$PATH$/);
      await chmod(join(host.folder, 'first/containerd-shim-runc-v2'), 0o644);
      await host.program('second', 'containerd', 'containerd containerd.io 1.5.11 abc');
      assert.deepEqual(
        (await host.wrong()).map(({ name }) => name),
        ['version of containerd', 'shim in PATH'],
      );
    });
  });

  test('runtimes whose shim is not there, in the configuration of each version', async () => {
    for (const plugin of ['cri', '"io.containerd.grpc.v1.cri"', '"io.containerd.cri.v1.runtime"']) {
      await onHost(async (host) => {
        await ready(host);
        const runtimes = `plugins.${plugin}.containerd.runtimes`;
        await host.configure(
          [
            `[${runtimes}.good]\nruntime_type = "io.containerd.runc.v2"`,
            `[${runtimes}.gone]\nruntime_type = "io.containerd.runj.v1"`,
            `[${runtimes}.typo]\nruntime_type = "runc"`,
            `[${runtimes}.path]\nruntime_type = "io.containerd.runc.v2"\nruntime_path = "/no/shim"`,
          ].join('\n'),
        );
        const wrong = await host.wrong();
        assert.deepEqual(
          wrong.map(({ name }) => name.split(' ')[1]),
          ['gone', 'typo', 'path'],
        );
        for (const { remedy } of wrong)
          assert.match(remedy ?? '', /runtime_type = "io\.containerd\.runc\.v2"$/);
      });
    }
  });

  test('a configuration that is no TOML', async () => {
    await onHost(async (host) => {
      await ready(host);
      await host.configure('version = ');
      const [check] = await host.wrong();
      assert.match(check?.problem ?? '', /^containerd cannot read it: [^\n]+$/);
    });
  });
});

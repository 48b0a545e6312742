import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { mounts, of, refusesMount, word } from './harness/mounts.js';
import { text } from './harness/raw.js';

const folder = (c: Case): Promise<string> => c.makeFolder('m');

group('nmount(2): options that a type does not know', 'observed on 12.1', (states) => {
  for (const type of ['tmpfs', 'devfs']) {
    states(`${type} refuses them, and names the last`, async (c) => {
      const path = await folder(c);
      await refusesMount(
        c,
        of(type, path, ['bogus', text('1')]),
        'EINVAL',
        'mount option <bogus> is unknown',
      );
      const two = of(type, path, ['bogus', text('1')], word('alsobad'));
      await refusesMount(c, two, 'EINVAL', 'mount option <alsobad> is unknown');
    });
  }

  for (const type of ['nullfs', 'fdescfs', 'procfs', 'linprocfs', 'linsysfs']) {
    states(
      `${type} takes any`,
      async (c) => {
        const path = await folder(c);
        const source = type === 'nullfs' ? [['target', text(await c.makeFolder('source'))] as const] : [];
        await mounts(c, of(type, path, ...source, ['bogus', text('1')], word('rbind')));
      },
      on12,
    );
  }

  for (const name of ['rbind', 'bind', 'nodev', 'relatime', 'nr_inodes']) {
    states(`tmpfs does not know Linux's ${name}`, async (c) => {
      await refusesMount(
        c,
        of('tmpfs', await folder(c), word(name)),
        'EINVAL',
        `mount option <${name}> is unknown`,
      );
    });
  }

  for (const name of ['nocover', 'emptydir']) {
    states(
      `${name} is not in 12`,
      async (c) => {
        await refusesMount(
          c,
          of('tmpfs', await folder(c), word(name)),
          'EINVAL',
          `mount option <${name}> is unknown`,
        );
      },
      on12,
    );
  }

  for (const name of [
    'nosymfollow',
    'noatime',
    'suiddir',
    'noclusterr',
    'noclusterw',
    'multilabel',
    'async',
    'sync',
  ]) {
    states(
      `tmpfs does not know the name ${name}`,
      async (c) => {
        await refusesMount(
          c,
          of('tmpfs', await folder(c), word(name)),
          'EINVAL',
          `mount option <${name}> is unknown`,
        );
      },
      on12,
    );
  }

  states(
    'atime is called nonoatime when it is refused',
    async (c) => {
      await refusesMount(
        c,
        of('tmpfs', await folder(c), word('atime')),
        'EINVAL',
        'mount option <nonoatime> is unknown',
      );
    },
    on12,
  );
});

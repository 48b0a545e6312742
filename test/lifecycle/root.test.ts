import assert from 'node:assert/strict';
import { isKernelError } from '../../src/kernel/error.js';
import { statusAt } from '../../src/kernel/freebsd/file.js';
import { plant } from './harness/image.js';
import { life } from './harness/life.js';
import type { Service } from './harness/service.js';
import { lived } from './harness/steps.js';

/** Whether there is something on the machine. */
async function isThere({ c }: Service, path: string): Promise<boolean> {
  const found = await c.run((b) => b.attempt(() => statusAt(b, path)));
  if (isKernelError(found) && found.code !== 'ENOENT') throw found;
  return !isKernelError(found);
}

life('the root of a container', (lives) => {
  lives('is the image, in which it may write', async (service) => {
    const { lines } = await lived(service, ['create', '/made', 'open', '/etc/passwd', 'mounts']);
    assert.deepEqual(lines.slice(0, 2), ['create /made done 0', 'open /etc/passwd done 0']);
    assert.ok(await isThere(service, `${service.image}/made`));
    const seen = lines.slice(2).map((line) => {
      const [, type = '', , on = '', access = ''] = line.split(' ');
      return `${type} ${on} ${access}`;
    });
    // Those on a mount that fdescfs lies on are told of as that one is, on any release.
    assert.deepEqual(seen.sort(), ['devfs /dev rw', 'fdescfs /dev/fd rw', 'nullfs / rw']);
  });

  lives('is read-only if it is to be, and its mounts are as they say', async (service) => {
    const there = await service.c.makeFolder('data');
    await plant(service.c, `${there}/file`, Buffer.from('hello'));
    const words = ['/made', '/tmp/made', '/data/made', '/ro/other', '/etc/passwd'].flatMap((path) => [
      'create',
      path,
    ]);
    const { lines } = await lived(service, [...words, 'open', '/etc/passwd', 'open', '/one', 'mounts'], {
      root: { path: 'rootfs', readonly: true },
      mounts: [
        { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['size=1m', 'mode=1777'] },
        { destination: '/data', type: 'bind', source: there, options: ['rbind', 'rw'] },
        { destination: '/ro', type: 'nullfs', source: there, options: ['ro'] },
        { destination: '/one', type: 'nullfs', source: `${there}/file` },
      ],
    });
    assert.deepEqual(lines.slice(0, 6), [
      'create /made errno 30',
      'create /tmp/made done 0',
      'create /data/made done 0',
      'create /ro/other errno 30',
      'create /etc/passwd errno 17',
      'open /etc/passwd errno 30',
    ]);
    assert.ok(await isThere(service, `${there}/made`));
    const access = lines
      .filter((line) => line.startsWith('mount'))
      .map((line) => line.split(' ').slice(3).join(' '));
    for (const seen of ['/ ro', '/ro ro', '/tmp rw', '/data rw']) assert.ok(access.includes(seen), seen);
    // A kernel that mounts no files gives a copy, which is as read-only as the root is.
    assert.equal(lines[6], access.includes('/one rw') ? 'open /one done 0' : 'open /one errno 30');
    // Mount points that were missing are gone again.
    for (const name of ['data', 'ro', 'one'])
      assert.ok(!(await isThere(service, `${service.image}/${name}`)), name);
  });

  lives('is where its mounts are, whatever links lie in it', async (service) => {
    const outside = await service.c.makeFolder('outside');
    for (const [name, target] of [
      ['absolute', outside],
      ['relative', '../../../../../../../..'],
      ['loop', 'loop'],
    ] as const) {
      await service.c.symlink(target, `${service.image}/${name}`);
    }
    const mounts = [
      { destination: '/absolute/in', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/relative/in', type: 'tmpfs', source: 'tmpfs' },
    ];
    const { status, lines } = await lived(service, ['mounts'], { mounts });
    assert.equal(status, 0);
    const on = lines.map((line) => line.split(' ')[3]).sort();
    assert.deepEqual(on, ['/', '/in', `${outside}/in`].sort());
    assert.ok(!(await isThere(service, `${outside}/in`)));
    assert.ok(!(await isThere(service, '/in')));
    const loop = { mounts: [{ destination: '/loop/in', type: 'tmpfs', source: 'tmpfs' }] };
    await assert.rejects(service.create('web', [], loop), { message: /loop/ });
  });

  lives('has the usual devices, and those that it is given', async (service) => {
    const words = ['null', 'zero', 'random', 'fd/1', 'md0', 'mem', 'kmem', 'pf'].flatMap((name) => {
      return ['open', `/dev/${name}`];
    });
    const { lines } = await lived(service, words);
    const codes = lines.map((line) => line.split(' ').slice(1).join(' '));
    assert.deepEqual(codes.slice(0, 2), ['/dev/null done 0', '/dev/zero done 0']);
    for (const name of ['md0', 'mem', 'kmem', 'pf']) assert.ok(codes.includes(`/dev/${name} errno 2`), name);
  });

  lives(
    'has a device more for the asking',
    async (service) => {
      const { lines } = await lived(service, ['open', '/dev/pf'], {
        freebsd: { devices: [{ path: 'pf', mode: 0o600 }] },
      });
      assert.deepEqual(lines, ['open /dev/pf done 0']);
    },
    ['packet filter'],
  );
});

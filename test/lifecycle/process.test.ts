import assert from 'node:assert/strict';
import { TaskV2 } from '../../src/proto/generated/services.js';
import { codeName, StatusError } from '../../src/ttrpc/status.js';
import { life } from './harness/life.js';
import type { Service } from './harness/service.js';
import { end, exec, kill, lived, processOf, start } from './harness/steps.js';

const { methods } = TaskV2;

/** The groups are a set, which has the effective one on some releases only. */
function idsOf(lines: readonly string[]): { uid: string; gid: string; groups: Set<string> } {
  const find = (word: string): string[] =>
    lines
      .find((line) => line.startsWith(word))
      ?.split(' ')
      .slice(1) ?? [];
  const [uid = '', effectiveUid] = find('uid');
  const [gid = '', effectiveGid] = find('gid');
  assert.deepEqual([uid, gid], [effectiveUid, effectiveGid]);
  return { uid, gid, groups: new Set([...find('groups'), gid]) };
}

life('a process', (lives) => {
  const users: [what: string, user: object, uid: string, gid: string, groups: string[]][] = [
    ['numbers', { uid: 1234, gid: 5678 }, '1234', '5678', ['5678']],
    [
      'numbers and further groups',
      { uid: 80, gid: 80, additionalGids: [7, 9] },
      '80',
      '80',
      ['7', '80', '9'],
    ],
    ['a name', { username: 'www' }, '80', '80', ['80', '90']],
    ['a name and a group', { username: 'www:wheel' }, '80', '0', ['0']],
  ];
  for (const [what, user, uid, gid, groups] of users) {
    lives(`is who its spec says, by ${what}`, async (service) => {
      const { lines } = await lived(service, [], processOf(['ids', 'env'], { user }));
      const ids = idsOf(lines);
      assert.deepEqual([ids.uid, ids.gid, [...ids.groups].sort()], [uid, gid, groups]);
      assert.equal(lines.at(-1), uid === '80' ? 'env HOME=/srv/www' : 'env HOME=/');
    });
  }

  lives('has its directory, which is made, its limits and its environment', async (service) => {
    const rlimits = [
      { type: 'RLIMIT_NOFILE', soft: 100, hard: 200 },
      { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
    ];
    const env = ['PATH=/nowhere:/bin', 'A=1', 'A=2', 'HOME=/x'];
    const spec = processOf(['cwd', 'limits', 'env'], { cwd: '/srv/a/b', rlimits, env });
    const { status, lines } = await lived(service, [], spec);
    assert.equal(status, 0);
    for (const line of ['cwd /srv/a/b', 'limit nofile 100 200', 'limit core 0 0']) {
      assert.ok(lines.includes(line), line);
    }
    assert.deepEqual(lines.slice(-3), ['env PATH=/nowhere:/bin', 'env A=2', 'env HOME=/x']);
  });

  lives('has no more rights to files than its user', async (service) => {
    const words = ['create', '/mine', 'open', '/etc/passwd', 'create', '/tmp/mine'];
    const mounts = [{ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['mode=1777'] }];
    const { lines } = await lived(service, [], {
      ...processOf(words, { user: { uid: 80, gid: 80 } }),
      mounts,
    });
    assert.deepEqual(lines, [
      'create /mine errno 13',
      'open /etc/passwd errno 13',
      'create /tmp/mine done 0',
    ]);
  });

  lives('has a terminal, of the size that is wanted', async (service) => {
    const spec = processOf(['terminal', 'wait', '1', 'terminal', 'exit', '3'], {
      terminal: true,
      consoleSize: { width: 120, height: 40 },
    });
    await start(service, 'web', [], spec, { terminal: true });
    assert.equal(await service.output('web').line(/^terminal/), 'terminal 120 40');
    await service.output('web').line(/^waiting/);
    await service.call(methods.ResizePty, { id: 'web', width: 100, height: 30 });
    await service.call(methods.Kill, { id: 'web', signal: 1 });
    const { status, lines } = await end(service, 'web');
    assert.deepEqual([status, lines.at(-1)], [3, 'terminal 100 30']);

    await start(service, 'web', ['stay']);
    await exec(service, 'web', 'shell', ['terminal', 'exit', '2'], { terminal: true });
    const shell = await end(service, 'web', 'shell');
    assert.deepEqual([shell.status, shell.lines.length], [2, 1]);
    await kill(service, 'web');
  });
});

/** What a call is refused with. */
async function refusal(doing: Promise<unknown>): Promise<string> {
  const error: unknown = await doing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StatusError, String(error));
  assert.doesNotMatch(error.message, /\n/);
  return `${codeName(error.code)}: ${error.message}`;
}

life('what cannot run', (lives) => {
  const args = (...words: string[]): object => ({ process: { cwd: '/', env: ['PATH=/bin'], args: words } });
  const rows: [what: string, spec: object, message: RegExp][] = [
    ['a program that is not there', args('none'), /^Unknown: .*executable file not found in \$PATH/],
    ['a program that is no file', args('/etc'), /^Unknown: .*(permission denied|is a directory)/],
    ['a user that is not there', processOf([], { user: { username: 'x' } }), /^InvalidArgument: .*user "x"/],
    ['a parent that is not there', { freebsd: { jail: { parent: 'none' } } }, /^NotFound: .*parent jail/],
    ['a version of the future', { ociVersion: '2.0.0' }, /^InvalidArgument: .*ociVersion/],
    [
      'a mount without a source',
      { mounts: [{ destination: '/mnt', type: 'nullfs' }] },
      /^InvalidArgument: .*mounts\[0\]/,
    ],
    [
      'a source that is not there',
      { mounts: [{ destination: '/mnt', type: 'nullfs', source: '/none-such' }] },
      /none-such/,
    ],
    [
      'a limit that is no limit',
      processOf([], { rlimits: [{ type: 'RLIMIT_X', soft: 1, hard: 1 }] }),
      /RLIMIT_X/,
    ],
  ];
  for (const [what, spec, message] of rows) {
    lives(`${what} is refused, and the service goes on`, async (service: Service) => {
      assert.match(await refusal(service.create('web', [], spec as never)), message);
      assert.deepEqual([service.store.list(), service.events.lines], [[], []]);
      assert.equal((await lived(service, ['exit', '6'])).status, 6);
    });
  }

  lives('a process without a program leaves the container as it is', async (service) => {
    await start(service, 'web', ['stay']);
    const { call } = service;
    assert.match(
      await refusal(exec(service, 'web', 'no', [], { user: { uid: 0, gid: 0 }, cwd: '/bin/inmate' })),
      /cwd|directory/i,
    );
    await call(methods.Delete, { id: 'web', execId: 'no' });
    await exec(service, 'web', 'yes', ['exit', '1']);
    assert.equal((await end(service, 'web', 'yes')).status, 1);
    await kill(service, 'web');
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainLinuxFailure, missingModule } from '../../../src/jail/linux/explain.js';
import { planned, planWith, refused, type Json } from '../planning.js';

const mounts = (...list: [type: string, destination: string, ...options: string[]][]): Json => ({
  mounts: list.map(([type, destination, ...options]) => ({ type, destination, source: type, options })),
});
const annotations = (members: Json): Json => ({ annotations: members });
const os = (value: string): Json => annotations({ 'containerd-shim-jail.os': value });
const release = (value: string): Json =>
  annotations({ 'containerd-shim-jail.os': 'linux', 'containerd-shim-jail.linux.osrelease': value });
const platform = (value: string): Json => annotations({ 'nerdctl/platform': value });

/** What containerd writes for images of FreeBSD and of Linux on FreeBSD, and what it writes on Linux. */
const freebsd = mounts(['devfs', '/dev', 'ruleset=4'], ['fdescfs', '/dev/fd']);
const linux = mounts(
  ['linprocfs', '/proc', 'nosuid', 'noexec', 'nodev'],
  ['linsysfs', '/sys', 'nosuid', 'noexec', 'nodev'],
  ['devfs', '/dev', 'ruleset=4'],
  ['fdescfs', '/dev/fd'],
);
const fromLinux = mounts(
  ['proc', '/proc', 'nosuid', 'noexec', 'nodev'],
  ['tmpfs', '/dev', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  ['devpts', '/dev/pts', 'nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  ['tmpfs', '/dev/shm', 'nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
  ['mqueue', '/dev/mqueue', 'nosuid', 'noexec', 'nodev'],
  ['sysfs', '/sys', 'nosuid', 'noexec', 'nodev', 'ro'],
  ['cgroup', '/sys/fs/cgroup', 'ro'],
  ['tmpfs', '/run', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'],
);

planned(
  ({ linux: plan }) => plan !== undefined,
  [
    [{}, false],
    [{ linux: {} }, false],
    [freebsd, false],
    [linux, true],
    [fromLinux, true],
    [mounts(['linprocfs', '/compat/linux/proc']), true],
    [mounts(['proc', '/proc']), true],
    [mounts(['tmpfs', '/dev']), false],
    [{ ...freebsd, ...os('linux') }, true],
    [{ ...linux, ...os('freebsd') }, false],
    [{ ...freebsd, ...platform('linux/amd64') }, true],
    [{ ...linux, ...platform('freebsd/amd64') }, false],
    [{ ...linux, ...platform('') }, true],
    [
      {
        ...freebsd,
        ...annotations({ 'nerdctl/platform': 'linux/arm64', 'containerd-shim-jail.os': 'freebsd' }),
      },
      false,
    ],
  ],
);

const list = (members: Json): string[] =>
  planWith(members).mounts.map((one) => `${one.type} ${one.destination}`);

test('containerd’s mounts for Linux are completed by shared memory', () => {
  assert.deepEqual(list(linux), [
    'linprocfs /proc',
    'linsysfs /sys',
    'devfs /dev',
    'fdescfs /dev/fd',
    'tmpfs /dev/shm',
  ]);
});

test('mounts that were written on Linux are translated', () => {
  assert.deepEqual(list(fromLinux), [
    'linprocfs /proc',
    'devfs /dev',
    'tmpfs /dev/shm',
    'linsysfs /sys',
    'tmpfs /run',
    'fdescfs /dev/fd',
  ]);
});

test('a spec without mounts gets what Linux programs need', () => {
  const { mounts: all, devices } = planWith(os('linux'));
  const quiet = { noSetId: true, noExec: true };
  assert.deepEqual(all, [
    { type: 'linprocfs', destination: '/proc', flags: quiet },
    { type: 'linsysfs', destination: '/sys', flags: quiet },
    { type: 'devfs', destination: '/dev', flags: {} },
    { type: 'fdescfs', destination: '/dev/fd', linuxLinks: true, flags: {} },
    { type: 'tmpfs', destination: '/dev/shm', mode: 0o1777, size: 2 ** 26, copyUp: false, flags: quiet },
  ]);
  assert.deepEqual(devices, [{ pattern: 'shm', unhide: true }]);
});

test('what is added lies on what it is in, and below what lies in it', () => {
  assert.deepEqual(
    list({ ...mounts(['tmpfs', '/dev/shm'], ['tmpfs', '/proc/x'], ['tmpfs', '/data']), ...os('linux') }),
    [
      'devfs /dev',
      'tmpfs /dev/shm',
      'linprocfs /proc',
      'tmpfs /proc/x',
      'tmpfs /data',
      'linsysfs /sys',
      'fdescfs /dev/fd',
    ],
  );
});

test('descriptors are links for Linux programs only', () => {
  const fdescfs = (members: Json) => planWith(members).mounts.find(({ type }) => type === 'fdescfs');
  assert.deepEqual(fdescfs(freebsd), {
    type: 'fdescfs',
    destination: '/dev/fd',
    linuxLinks: false,
    flags: {},
  });
  assert.deepEqual(fdescfs(linux), { type: 'fdescfs', destination: '/dev/fd', linuxLinks: true, flags: {} });
});

planned(
  ({ linux: plan, parameters: { asked } }) => [
    plan?.modules,
    plan?.osrelease,
    asked.linux,
    asked['linux.osrelease'],
  ],
  [
    [{}, [undefined, undefined, undefined, undefined]],
    [os('linux'), [['linux64', 'linprocfs', 'linsysfs'], undefined, 'new', undefined]],
    [release('5.15.0'), [['linux64', 'linprocfs', 'linsysfs'], '5.15.0', 'new', '5.15.0']],
    [
      release('6.1.0-13-amd64'),
      [['linux64', 'linprocfs', 'linsysfs'], '6.1.0-13-amd64', 'new', '6.1.0-13-amd64'],
    ],
  ],
);

test('the configuration’s release is for those who ask for none', () => {
  const defaults = { linuxRelease: '5.4.0' };
  assert.equal(planWith(os('linux'), {}, defaults).linux?.osrelease, '5.4.0');
  assert.equal(planWith(release('6.1.0'), {}, defaults).linux?.osrelease, '6.1.0');
  assert.equal(planWith({}, {}, defaults).linux, undefined);
});

refused('invalid', [
  [os('Linux'), 'annotation containerd-shim-jail.os: "Linux" is none of linux, freebsd'],
  [release('junk'), /linux\.osrelease: "junk" is no release of Linux such as 5\.15\.0$/],
  [release('5.15'), /is no release of Linux/],
  [release(`5.15.0-${'x'.repeat(64)}`), /is no release of Linux/],
]);

refused('unsupported', [
  [
    { ...mounts(['proc', '/proc']), ...os('freebsd') },
    'mounts[0].type: a jail cannot have the file system "proc"',
  ],
  [mounts(['linprocfs', '/proc', 'hidepid=2']), 'mounts[0].options[0]: linprocfs has no option "hidepid"'],
]);

test('a program that does not start says what Linux programs need', () => {
  assert.match(
    explainLinuxFailure('ENOEXEC') ?? '',
    /^exec format error: .*linux64.*kern\.elf64\.fallback_brand=3$/,
  );
  assert.equal(explainLinuxFailure('ENOENT'), undefined);
  assert.match(missingModule('linux64'), /kldload linux64.*linux64_load="YES"/);
});

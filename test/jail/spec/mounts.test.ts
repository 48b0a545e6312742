import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planned, planWith, refused, type Json } from '../planning.js';

const mounts = (...list: Json[]): Json => ({ mounts: list });
const tmpfs = (...options: string[]): Json => mounts({ type: 'tmpfs', destination: '/t', options });
const bind = (...options: string[]): Json =>
  mounts({ type: 'bind', source: '/s', destination: '/d', options });
const on = (destination: string, type: string, more: Json = {}): Json => {
  return { type, destination, flags: {}, ...more };
};
const memory = (more: Json = {}): Json[] => [on('/t', 'tmpfs', { copyUp: false, ...more })];
const shown = (flags: Json = {}): Json[] => [on('/d', 'nullfs', { source: '/s', flags })];

planned(
  ({ mounts: list }) => list,
  [
    [{}, []],
    [{ mounts: null }, []],
    // What containerd writes.
    [
      mounts(
        { destination: '/dev', type: 'devfs', source: 'devfs', options: ['ruleset=4'] },
        { destination: '/dev/fd', type: 'fdescfs', source: 'fdescfs', options: [] },
      ),
      [on('/dev', 'devfs'), on('/dev/fd', 'fdescfs', { linuxLinks: false })],
    ],
    // What nerdctl and ctr write.
    [
      mounts({ type: 'bind', source: '/s', destination: '/d', options: ['rbind', 'ro'] }),
      shown({ readOnly: true }),
    ],
    [mounts({ type: 'bind', source: '/s', destination: '/d', options: ['', 'bind', ''] }), shown()],
    [mounts({ type: 'nullfs', source: '/s', destination: '/d' }), shown()],
    [mounts({ type: 'nullfs', source: '/s', destination: '/d', options: null }), shown()],
    // Bind mounts without a type
    [mounts({ source: '/s', destination: '/d', options: ['bind'] }), shown()],
    [mounts({ type: 'none', source: '/s', destination: '/d', options: ['rbind'] }), shown()],
    [mounts({ type: '', source: '/s', destination: '/d', options: ['rbind'] }), shown()],
    // Paths
    [
      mounts({ type: 'bind', source: 'x/../y', destination: '/d' }),
      [on('/d', 'nullfs', { source: '/run/bundle/y' })],
    ],
    [
      mounts({ type: 'bind', source: '/a//b/./c/', destination: '/d' }),
      [on('/d', 'nullfs', { source: '/a/b/c' })],
    ],
    [mounts({ type: 'tmpfs', destination: 't' }), memory()],
    [mounts({ type: 'tmpfs', destination: '//t/' }), memory()],
    [mounts({ type: 'tmpfs', destination: '/../../t' }), memory()],
    [mounts({ type: 'tmpfs', destination: '/a/../t/.' }), memory()],
    // Flags
    [bind('ro'), shown({ readOnly: true })],
    [bind('ro', 'rw'), shown()],
    [bind('rw', 'ro'), shown({ readOnly: true })],
    [bind('rro'), shown({ readOnly: true })],
    [bind('nosuid', 'noexec', 'nodev'), shown({ noSetId: true, noExec: true })],
    [bind('nosuid', 'suid', 'noexec', 'exec'), shown()],
    [bind('noatime', 'nosymfollow'), shown({ noAccessTime: true, noSymlinkFollow: true })],
    [bind('union', 'nocover'), shown({ union: true, noCover: true })],
    [bind('private', 'rprivate', 'unbindable', 'relatime', 'strictatime', 'sync', 'defaults'), shown()],
    // tmpfs
    [tmpfs(), memory()],
    [
      tmpfs('nosuid', 'strictatime', 'mode=755', 'size=65536k'),
      memory({ flags: { noSetId: true }, mode: 0o755, size: 2 ** 26 }),
    ],
    [tmpfs('size=1'), memory({ size: 1 })],
    [tmpfs('size=2K'), memory({ size: 2048 })],
    [tmpfs('size=3m'), memory({ size: 3 * 2 ** 20 })],
    [tmpfs('size=4G'), memory({ size: 4 * 2 ** 30 })],
    [tmpfs('size=5t'), memory({ size: 5 * 2 ** 40 })],
    [tmpfs('size=0'), memory()],
    [tmpfs('size=1m', 'size=0'), memory()],
    [tmpfs('inodes=10'), memory({ inodes: 10 })],
    [tmpfs('nr_inodes=1k'), memory({ inodes: 1024 })],
    [tmpfs('inodes=0'), memory()],
    [tmpfs('mode=01777', 'uid=1001', 'gid=0'), memory({ mode: 0o1777, uid: 1001, gid: 0 })],
    [tmpfs('uid=4294967294'), memory({ uid: 4294967294 })],
    [tmpfs('tmpcopyup'), memory({ copyUp: true })],
    // Others
    [mounts({ type: 'procfs', destination: '/proc' }), [on('/proc', 'procfs')]],
    [
      mounts({ type: 'fdescfs', destination: '/dev/fd', options: ['linrdlnk'] }),
      [on('/dev/fd', 'fdescfs', { linuxLinks: true })],
    ],
    [mounts({ type: 'devfs', destination: '/dev' }), [on('/dev', 'devfs')]],
    [
      mounts({ type: 'devfs', destination: '/dev', options: ['ruleset=7'] }),
      [on('/dev', 'devfs', { ruleset: 7 })],
    ],
    [
      mounts({ type: 'zfs', source: 'tank/a-b/c_d', destination: '/z', options: ['ro'] }),
      [on('/z', 'zfs', { dataset: 'tank/a-b/c_d', flags: { readOnly: true } })],
    ],
    [
      mounts({ type: 'zfs', source: 'tank/a@snap', destination: '/z' }),
      [on('/z', 'zfs', { dataset: 'tank/a@snap' })],
    ],
  ],
);

const number = (text: string): string => `"${text}" is no number with k, m, g, t or nothing behind it`;

refused('invalid', [
  [{ mounts: {} }, 'mounts: not a list'],
  [mounts({ type: 'tmpfs' }), 'mounts[0].destination: nothing is not text'],
  [mounts({ type: 'tmpfs', destination: '' }), 'mounts[0].destination: empty'],
  [mounts({ type: 'tmpfs', destination: '/' }), 'mounts[0].destination: a mount cannot replace the root'],
  [mounts({ type: 'tmpfs', destination: '/..' }), 'mounts[0].destination: a mount cannot replace the root'],
  [mounts({ type: 'tmpfs', destination: '/a\0' }), 'mounts[0].destination: contains a NUL'],
  [
    mounts({ type: 'tmpfs', destination: '/ok' }, { type: 'tmpfs', destination: `/${'x'.repeat(1023)}` }),
    'mounts[1].destination: a path of more than 1023 bytes',
  ],
  [mounts({ destination: '/d' }), 'mounts[0].type: missing'],
  [mounts({ type: 'none', destination: '/d' }), 'mounts[0].type: missing'],
  [mounts({ type: 1, destination: '/d' }), 'mounts[0].type: 1 is not text'],
  [mounts({ type: 'bind', destination: '/d' }), 'mounts[0].source: nothing is not text'],
  [mounts({ type: 'bind', source: '', destination: '/d' }), 'mounts[0].source: empty'],
  [mounts({ type: 'tmpfs', destination: '/t', options: 'ro' }), 'mounts[0].options: not a list'],
  [tmpfs('size=1.5m'), `mounts[0].options[0]: ${number('1.5m')}`],
  [tmpfs('ro', 'size=1mb'), `mounts[0].options[1]: ${number('1mb')}`],
  [tmpfs('size='), `mounts[0].options[0]: ${number('')}`],
  [tmpfs('size=-1'), `mounts[0].options[0]: ${number('-1')}`],
  [tmpfs('size=50%'), `mounts[0].options[0]: ${number('50%')}`],
  [tmpfs('size=0x2000'), `mounts[0].options[0]: ${number('0x2000')}`],
  [tmpfs('size= 4096'), `mounts[0].options[0]: ${number(' 4096')}`],
  [tmpfs('size=9999999999999999999t'), /is no number with k/],
  [tmpfs('size=9007199254740993'), /9007199254740993 is too much$/],
  [tmpfs('size'), 'mounts[0].options[0]: "size" has no value'],
  [tmpfs('inodes=3'), 'mounts[0].options[0]: 3 is not 0 or 4 to 2147483647'],
  [tmpfs('inodes=3g'), /is not 0 or 4 to 2147483647$/],
  [tmpfs('mode=9'), 'mounts[0].options[0]: "9" is no octal mode'],
  [tmpfs('mode=rwx'), 'mounts[0].options[0]: "rwx" is no octal mode'],
  [tmpfs('mode=0x1ff'), 'mounts[0].options[0]: "0x1ff" is no octal mode'],
  [tmpfs('mode=17777'), 'mounts[0].options[0]: "17777" is no octal mode'],
  [tmpfs('uid=root'), 'mounts[0].options[0]: "root" is no number of a user or group'],
  [tmpfs('uid=-1'), 'mounts[0].options[0]: "-1" is no number of a user or group'],
  [tmpfs('gid=4294967295'), 'mounts[0].options[0]: "4294967295" is no number of a user or group'],
  [
    mounts({ type: 'devfs', destination: '/dev', options: ['ruleset=100x'] }),
    'mounts[0].options[0]: "100x" is no ruleset',
  ],
  [mounts({ type: 'devfs', destination: '/dev', options: ['ruleset=0x4'] }), /"0x4" is no ruleset$/],
  [mounts({ type: 'devfs', destination: '/dev', options: ['ruleset=65536'] }), /"65536" is no ruleset$/],
  [mounts({ type: 'devfs', destination: '/dev', options: ['ruleset'] }), /"" is no ruleset$/],
  [mounts({ type: 'zfs', destination: '/z' }), 'mounts[0].source: nothing is not text'],
  [
    mounts({ type: 'zfs', source: '/tank', destination: '/z' }),
    'mounts[0].source: "/tank" is no dataset of ZFS',
  ],
  [mounts({ type: 'zfs', source: 'a//b', destination: '/z' }), /is no dataset of ZFS$/],
]);

const propagation = 'mounts do not propagate on FreeBSD';

refused('unsupported', [
  [bind('shared'), `mounts[0].options[0]: "shared": ${propagation}`],
  [bind('ro', 'rshared'), `mounts[0].options[1]: "rshared": ${propagation}`],
  [bind('rslave'), `mounts[0].options[0]: "rslave": ${propagation}`],
  [bind('idmap'), 'mounts[0].options[0]: "idmap": FreeBSD does not map the ids of a mount'],
  [bind('remount'), 'mounts[0].options[0]: "remount": a container cannot change mounts of the host'],
  [bind('context=x'), 'mounts[0].options[0]: nullfs has no option "context"'],
  [bind('size=1m'), 'mounts[0].options[0]: nullfs has no option "size"'],
  [bind('toString'), 'mounts[0].options[0]: nullfs has no option "toString"'],
  [tmpfs('huge=always'), 'mounts[0].options[0]: tmpfs has no option "huge"'],
  [tmpfs('tmpcopyup=1'), 'mounts[0].options[0]: tmpfs has no option "tmpcopyup"'],
  [tmpfs('constructor=1'), 'mounts[0].options[0]: tmpfs has no option "constructor"'],
  [mounts({ type: 'procfs', destination: '/p', options: ['hidepid=2'] }), /procfs has no option "hidepid"$/],
  [mounts({ type: 'fdescfs', destination: '/p', options: ['nodup'] }), /fdescfs has no option "nodup"$/],
  [mounts({ type: 'devfs', destination: '/dev', options: ['x=1'] }), /devfs has no option "x"$/],
  [
    mounts({ type: 'devfs', destination: '/dev', options: ['ruleset=0'] }),
    'mounts[0].options[0]: ruleset 0 shows every device of the host',
  ],
  [mounts({ type: 'ext4', destination: '/d' }), 'mounts[0].type: a jail cannot have the file system "ext4"'],
  [mounts({ type: 'unionfs', destination: '/d' }), /the file system "unionfs"$/],
  [
    mounts({ type: 'tmpfs', destination: '/d', uidMappings: [{ hostID: 0, containerID: 0, size: 1 }] }),
    'mounts[0].uidMappings: FreeBSD does not map the ids of a mount',
  ],
]);

test('the file systems of containerd’s rootfs are mounts of the root', () => {
  const rootfs = [
    { type: 'nullfs', source: '/snapshots/1/fs', target: '', options: ['ro'] },
    { type: 'zfs', source: 'tank/containerd/2', target: '/data', options: [] },
  ];
  assert.deepEqual(planWith({}, { rootfs }).rootfs, [
    { type: 'nullfs', source: '/snapshots/1/fs', destination: '/', flags: { readOnly: true } },
    { type: 'zfs', dataset: 'tank/containerd/2', destination: '/data', flags: {} },
  ]);
});

test('a file system that a rootfs cannot have is named', () => {
  const rootfs = [{ type: 'overlay', source: 'overlay', target: '', options: ['lowerdir=/a'] }];
  assert.throws(() => planWith({}, { rootfs }), {
    kind: 'unsupported',
    message: 'rootfs[0].type: a jail cannot have the file system "overlay"',
  });
});

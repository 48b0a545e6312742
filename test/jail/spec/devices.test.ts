import { planned, refused, type Json } from '../planning.js';

const freebsd = (...devices: Json[]): Json => ({ freebsd: { devices } });
const linux = (...devices: Json[]): Json => ({ linux: { devices } });
const own = (text: string): Json => ({ annotations: { 'containerd-shim-jail.devices': text } });
const rule = (text: string): Json => ({
  mounts: [{ type: 'devfs', destination: '/dev', options: ['ruleset=4', `rule=${text}`] }],
});
const unhide = (pattern: string, more: Json = {}): Json => ({ pattern, unhide: true, ...more });

planned(
  ({ devices }) => devices,
  [
    [{}, []],
    [{ freebsd: { devices: null } }, []],
    [freebsd({ path: 'bpf' }), [unhide('bpf')]],
    [freebsd({ path: '/dev/bpf*' }), [unhide('bpf*')]],
    [freebsd({ path: 'zfs', mode: 0o666 }), [unhide('zfs', { mode: 0o666 })]],
    [freebsd({ path: 'zfs', mode: 0 }), [unhide('zfs', { mode: 0 })]],
    [freebsd({ path: 'bpf' }, { path: 'zfs' }), [unhide('bpf'), unhide('zfs')]],
    // The way there is unhidden, too.
    [freebsd({ path: 'dri/card0', mode: 0o660 }), [unhide('dri'), unhide('dri/card0', { mode: 0o660 })]],
    [freebsd({ path: 'a/b/c' }), [unhide('a'), unhide('a/b'), unhide('a/b/c')]],
    // Linux
    [
      linux({ path: '/dev/kvm', type: 'c', major: 10, minor: 232, fileMode: 0o20660, uid: 0, gid: 36 }),
      [unhide('kvm', { mode: 0o660, uid: 0, gid: 36 })],
    ],
    [linux({ path: '/dev/fuse', type: 'c', major: 10, minor: 229 }), [unhide('fuse')]],
    // Our own annotation
    [own('bpf*, zfs:0660 ,'), [unhide('bpf*'), unhide('zfs', { mode: 0o660 })]],
    [own('dri/*:666'), [unhide('dri'), unhide('dri/*', { mode: 0o666 })]],
    // ocijail's option of devfs
    [rule('path bpf* unhide'), [unhide('bpf*')]],
    [rule('path zfs unhide mode 0666 user 0 group 5'), [unhide('zfs', { mode: 0o666, uid: 0, gid: 5 })]],
    [rule('  path   tty  mode 600'), [{ pattern: 'tty', mode: 0o600 }]],
    [rule('path mem hide'), [{ pattern: 'mem', hide: true }]],
    [
      { ...rule('path a unhide'), ...freebsd({ path: 'b' }), ...own('c') },
      [unhide('a'), unhide('b'), unhide('c')],
    ],
  ],
);

refused('invalid', [
  [freebsd({}), 'freebsd.devices[0].path: nothing is not text'],
  [freebsd({ path: '' }), 'freebsd.devices[0].path: empty'],
  [freebsd({ path: '/' }), 'freebsd.devices[0].path: "/" is no device below /dev'],
  [freebsd({ path: '/dev/' }), 'freebsd.devices[0].path: "/dev/" is no device below /dev'],
  [freebsd({ path: '/etc/passwd' }), 'freebsd.devices[0].path: "/etc/passwd" is no device below /dev'],
  [freebsd({ path: '../etc' }), 'freebsd.devices[0].path: "../etc" is no device below /dev'],
  [freebsd({ path: 'a//b' }), 'freebsd.devices[0].path: "a//b" is no device below /dev'],
  [freebsd({ path: 'x'.repeat(200) }), 'freebsd.devices[0].path: more than 199 bytes'],
  [freebsd({ path: 'bpf' }, 'zfs' as never), 'freebsd.devices[1]: not an object'],
  [
    freebsd({ path: 'bpf', mode: '0666' }),
    'freebsd.devices[0].mode: "0666" is not an integer from 0 to 4095',
  ],
  [freebsd({ path: 'bpf', mode: 4096 }), 'freebsd.devices[0].mode: 4096 is not an integer from 0 to 4095'],
  [freebsd({ path: 'bpf', mode: -1 }), 'freebsd.devices[0].mode: -1 is not an integer from 0 to 4095'],
  [linux({ path: '/etc/x' }), 'linux.devices[0].path: "/etc/x" is no device below /dev'],
  [linux({ path: '/dev/x', uid: -1 }), 'linux.devices[0].uid: -1 is not an integer from 0 to 4294967294'],
  [own('bpf:9'), 'annotation containerd-shim-jail.devices: "9" is no octal mode'],
  [own('bpf:6:6'), 'annotation containerd-shim-jail.devices: "6:6" is no octal mode'],
  [own(':666'), 'annotation containerd-shim-jail.devices: "" is no device below /dev'],
  [rule('path'), 'mounts[0].options[1]: "path" ends too early'],
  [rule('path bpf'), 'mounts[0].options[1]: "path bpf" does nothing'],
  [rule('path bpf mode'), 'mounts[0].options[1]: "path bpf mode" ends too early'],
  [rule('path bpf hide unhide'), 'mounts[0].options[1]: hides and unhides'],
  [rule('path bpf group operator'), 'mounts[0].options[1]: "operator" is no number of a user or group'],
]);

refused('unsupported', [
  [rule('type disk unhide'), 'mounts[0].options[1]: "type disk unhide" is no rule for a path'],
  [rule('path bpf include 3'), 'mounts[0].options[1]: a rule for a device has no "include"'],
]);

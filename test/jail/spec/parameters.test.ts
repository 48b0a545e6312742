import { planned, refused, withJail, withProcess, type Json } from '../planning.js';

const annotations = (members: Json): Json => ({ annotations: members });
const ocijail = (name: string, value: string): Json => annotations({ [`org.freebsd.jail.${name}`]: value });
const own = (name: string, value: string): Json => annotations({ [`containerd-shim-jail.${name}`]: value });
const capabilities = (...bounding: string[]): Json => withProcess({ capabilities: { bounding } });

const host = { host: 'new', 'host.hostname': 'box' };
const ipc = { sysvmsg: 'new', sysvsem: 'new', sysvshm: 'new' };

/** The least jail, and what a row has besides. */
const asked = (more: Json = {}): Json => ({
  asked: { persist: true, ...host, ...more },
  defaults: { enforce_statfs: 1, ...ipc },
});
const without = (names: string[], more: Json = {}): Json => ({
  asked: { persist: true, ...host, ...more },
  defaults: Object.fromEntries(
    Object.entries({ enforce_statfs: 1, ...ipc }).filter(([name]) => !names.includes(name)),
  ),
});

planned(
  ({ parameters }) => parameters,
  [
    [{}, asked()],
    // Names
    [{ hostname: 'web.example' }, asked({ 'host.hostname': 'web.example' })],
    [{ hostname: '' }, asked()],
    [{ domainname: 'example.org' }, asked({ 'host.domainname': 'example.org' })],
    [{ hostname: 'h'.repeat(255) }, asked({ 'host.hostname': 'h'.repeat(255) })],
    [{ hostname: 'h', ...withJail({ host: 'new' }) }, asked({ 'host.hostname': 'h' })],
    [
      withJail({ host: 'inherit' }),
      {
        asked: { persist: true, host: 'inherit', 'allow.set_hostname': false },
        defaults: { enforce_statfs: 1, ...ipc },
      },
    ],
    // enforce_statfs
    [withJail({ enforceStatfs: 0 }), without(['enforce_statfs'], { enforce_statfs: 0 })],
    [withJail({ enforceStatfs: 2 }), without(['enforce_statfs'], { enforce_statfs: 2 })],
    [own('enforce_statfs', '2'), without(['enforce_statfs'], { enforce_statfs: 2 })],
    [
      { ...withJail({ enforceStatfs: 0 }), ...own('enforce_statfs', '2') },
      without(['enforce_statfs'], { enforce_statfs: 0 }),
    ],
    // System V IPC
    [withJail({ sysvmsg: 'inherit' }), without(['sysvmsg'], { sysvmsg: 'inherit' })],
    [withJail({ sysvsem: 'disable' }), without(['sysvsem'], { sysvsem: 'disable' })],
    [withJail({ sysvshm: 'new' }), without(['sysvshm'], { sysvshm: 'new' })],
    [ocijail('sysvshm', 'inherit'), without(['sysvshm'], { sysvshm: 'inherit' })],
    [
      { ...withJail({ sysvshm: 'disable' }), ...ocijail('sysvshm', 'inherit') },
      without(['sysvshm'], { sysvshm: 'disable' }),
    ],
    [
      ocijail('allow.sysvipc', 'true'),
      without(['sysvmsg', 'sysvsem', 'sysvshm'], {
        sysvmsg: 'inherit',
        sysvsem: 'inherit',
        sysvshm: 'inherit',
      }),
    ],
    [ocijail('allow.sysvipc', 'false'), asked()],
    // freebsd.jail.allow
    ...(
      [
        ['setHostname', 'set_hostname'],
        ['rawSockets', 'raw_sockets'],
        ['chflags', 'chflags'],
        ['quotas', 'quotas'],
        ['socketAf', 'socket_af'],
        ['mlock', 'mlock'],
        ['reservedPorts', 'reserved_ports'],
        ['suser', 'suser'],
      ] as const
    ).flatMap(([member, name]): [Json, Json][] => [
      [withJail({ allow: { [member]: true } }), asked({ [`allow.${name}`]: true })],
      [withJail({ allow: { [member]: false } }), asked({ [`allow.${name}`]: false })],
    ]),
    [withJail({ allow: {} }), asked()],
    [withJail({ allow: { mount: [] } }), asked()],
    [
      withJail({ allow: { mount: ['tmpfs', 'nullfs'] } }),
      asked({ 'allow.mount.tmpfs': true, 'allow.mount.nullfs': true, 'allow.mount': true }),
    ],
    [
      withJail({ enforceStatfs: 1, allow: { mount: ['zfs'] } }),
      without(['enforce_statfs'], { enforce_statfs: 1, 'allow.mount.zfs': true, 'allow.mount': true }),
    ],
    // What the specification does not have is ignored.
    [withJail({ allow: { nonesuch: true }, securelevel: 3, host2: 'inherit' }), asked()],
    // ocijail's
    [ocijail('allow.raw_sockets', 'true'), asked({ 'allow.raw_sockets': true })],
    [ocijail('allow.mlock', '1'), asked({ 'allow.mlock': true })],
    [ocijail('allow.mlock', '0'), asked({ 'allow.mlock': false })],
    [ocijail('allow.mlock', ''), asked()],
    [ocijail('allow.mount.tmpfs', 'true'), asked({ 'allow.mount.tmpfs': true })],
    [ocijail('allow.vmm', 'true'), asked({ 'allow.vmm': true })],
    [ocijail('allow.nfsd', 'true'), asked({ 'allow.nfsd': true })],
    [
      { ...withJail({ allow: { mlock: false } }), ...ocijail('allow.mlock', 'true') },
      asked({ 'allow.mlock': false }),
    ],
    [
      { ...withJail({ allow: { chflags: true } }), ...ocijail('allow.mlock', 'true') },
      asked({ 'allow.mlock': true, 'allow.chflags': true }),
    ],
    // Capabilities
    [
      capabilities('CAP_CHOWN', 'CAP_NET_RAW'),
      { ...asked(), defaults: { enforce_statfs: 1, ...ipc, 'allow.raw_sockets': true } },
    ],
    [
      capabilities('CAP_LINUX_IMMUTABLE', 'CAP_IPC_LOCK', 'CAP_SYSLOG', 'CAP_SYS_ADMIN'),
      {
        ...asked(),
        defaults: {
          enforce_statfs: 1,
          ...ipc,
          'allow.chflags': true,
          'allow.mlock': true,
          'allow.read_msgbuf': true,
        },
      },
    ],
    [
      { ...capabilities('CAP_NET_RAW'), ...withJail({ allow: { rawSockets: false } }) },
      asked({ 'allow.raw_sockets': false }),
    ],
    [capabilities(), asked()],
    // Our own
    [own('children.max', '5'), asked({ 'children.max': 5 })],
    [own('osrelease', '13.2-RELEASE'), asked({ osrelease: '13.2-RELEASE' })],
    [own('osreldate', '1302001'), asked({ osreldate: 1302001 })],
  ],
);

refused('invalid', [
  [{ hostname: 1 }, 'hostname: 1 is not text'],
  [{ hostname: 'h'.repeat(256) }, 'hostname: more than 255 bytes'],
  [{ hostname: 'ä'.repeat(128) }, 'hostname: more than 255 bytes'],
  [{ hostname: 'a\nb' }, 'hostname: contains blanks or control characters'],
  [{ domainname: 'a b' }, 'domainname: contains blanks or control characters'],
  [{ hostname: 'a\0b' }, 'hostname: contains a NUL'],
  [withJail({ host: 'disable' }), 'freebsd.jail.host: "disable" is none of new, inherit'],
  [
    { hostname: 'h', ...withJail({ host: 'inherit' }) },
    'hostname: contradicts freebsd.jail.host, which is inherit',
  ],
  [
    { domainname: 'd', ...withJail({ host: 'inherit' }) },
    'domainname: contradicts freebsd.jail.host, which is inherit',
  ],
  [
    withJail({ host: 'inherit', allow: { setHostname: true } }),
    'freebsd.jail.allow.setHostname: a jail that shares its hostname may not change it',
  ],
  [withJail({ enforceStatfs: 3 }), 'freebsd.jail.enforceStatfs: 3 is not an integer from 0 to 2'],
  [withJail({ enforceStatfs: -1 }), 'freebsd.jail.enforceStatfs: -1 is not an integer from 0 to 2'],
  [withJail({ enforceStatfs: '1' }), 'freebsd.jail.enforceStatfs: "1" is not an integer from 0 to 2'],
  [
    withJail({ enforceStatfs: 2, allow: { mount: ['tmpfs'] } }),
    /^freebsd\.jail\.allow\.mount(\[0\])?: a jail that may mount cannot have freebsd\.jail\.enforceStatfs 2$/,
  ],
  [withJail({ allow: { mount: 'tmpfs' } }), 'freebsd.jail.allow.mount: not a list'],
  [withJail({ allow: { mount: ['notmpfs'] } }), /^freebsd\.jail\.allow\.mount\[0\]: "notmpfs" is no name/],
  [withJail({ allow: { mount: ['a b'] } }), /^freebsd\.jail\.allow\.mount\[0\]: "a b" is no name/],
  [withJail({ allow: { mlock: 'yes' } }), 'freebsd.jail.allow.mlock: "yes" is neither true nor false'],
  [withJail({ allow: [] }), 'freebsd.jail.allow: not an object'],
  [{ freebsd: [] }, 'freebsd: not an object'],
  [withJail({ sysvmsg: 'on' }), 'freebsd.jail.sysvmsg: "on" is none of disable, new, inherit'],
  [ocijail('sysvsem', 'on'), /^annotation org\.freebsd\.jail\.sysvsem: "on" is none of/],
  [ocijail('vnet', 'disable'), /^annotation org\.freebsd\.jail\.vnet: "disable" is none of new, inherit$/],
  [ocijail('allow.mlock', 'yes'), /^annotation org\.freebsd\.jail\.allow\.mlock: "yes" is none of true, 1/],
  [ocijail('allow.nomlock', 'true'), /"nomlock" is no name of a permission$/],
  [ocijail('allow.mount.nonullfs', 'true'), /"mount\.nonullfs" is no name of a permission$/],
  [ocijail('allow.Mlock', 'true'), /"Mlock" is no name of a permission$/],
  [ocijail('allow.', 'true'), /"" is no name of a permission$/],
  [
    { ...ocijail('allow.sysvipc', 'true'), ...withJail({ sysvshm: 'new' }) },
    'annotation org.freebsd.jail.allow.sysvipc: contradicts freebsd.jail.sysvshm, which is new',
  ],
  [own('enforce_statfs', '3'), /enforce_statfs: 3 is not an integer from 0 to 2$/],
  [own('enforce_statfs', 'x'), /enforce_statfs: "x" is not a number$/],
  [own('children.max', '-1'), /children\.max: -1 is not an integer from 0 to 10000$/],
  [own('osrelease', 'x'.repeat(31)), /osrelease: not 1 to 30 visible characters$/],
  [own('osrelease', 'a b'), /osrelease: not 1 to 30 visible characters$/],
  [own('osreldate', '0'), /osreldate: 0 is not an integer from 1/],
]);

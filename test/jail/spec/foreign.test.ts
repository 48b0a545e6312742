import { planned, refused, type Json } from '../planning.js';

const linux = (members: Json): Json => ({ linux: members });

// What clients write for Linux and what means nothing here changes nothing.
planned(
  ({ parameters: { asked } }) => asked,
  [
    [
      linux({
        cgroupsPath: '/default/box',
        maskedPaths: ['/proc/kcore'],
        readonlyPaths: ['/proc/sys'],
        rootfsPropagation: 'rslave',
        namespaces: [
          { type: 'pid' },
          { type: 'ipc' },
          { type: 'uts' },
          { type: 'mount' },
          { type: 'cgroup' },
        ],
        uidMappings: [],
        seccomp: null,
        mountLabel: '',
        sysctl: { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' },
        personality: { domain: 'LINUX' },
        intelRdt: {},
        timeOffsets: {},
      }),
      { persist: true, host: 'new', 'host.hostname': 'box' },
    ],
    [
      { windows: {}, solaris: null },
      { persist: true, host: 'new', 'host.hostname': 'box' },
    ],
  ],
);

const noUsers = 'a jail has no users of its own';
const mapping = [{ containerID: 0, hostID: 1000, size: 1 }];

refused('unsupported', [
  [linux({ uidMappings: mapping }), `linux.uidMappings: ${noUsers}`],
  [linux({ gidMappings: mapping }), `linux.gidMappings: ${noUsers}`],
  [linux({ namespaces: [{ type: 'user' }] }), `linux.namespaces[0]: ${noUsers}`],
  [
    linux({ namespaces: [{ type: 'network' }, { type: 'ipc', path: '/proc/1/ns/ipc' }] }),
    'linux.namespaces[1].path: FreeBSD has no "ipc" namespaces that could be joined by a path',
  ],
  [
    linux({ seccomp: { defaultAction: 'SCMP_ACT_ERRNO' } }),
    'linux.seccomp: FreeBSD does not filter system calls',
  ],
  [linux({ mountLabel: 'system_u' }), 'linux.mountLabel: FreeBSD has no SELinux'],
  [linux({ intelRdt: { closID: 'x' } }), 'linux.intelRdt: FreeBSD has no resctrl'],
  [linux({ timeOffsets: { monotonic: { secs: 1 } } }), 'linux.timeOffsets: a jail has no clock of its own'],
  [linux({ memoryPolicy: { mode: 'MPOL_BIND' } }), 'linux.memoryPolicy: a jail cannot be bound to memory'],
  [linux({ netDevices: { eth0: {} } }), /^linux\.netDevices: .*freebsd\.jail\.vnetInterfaces$/],
  [linux({ rootfsPropagation: 'shared' }), 'linux.rootfsPropagation: mounts do not propagate on FreeBSD'],
  [linux({ rootfsPropagation: 'rshared' }), 'linux.rootfsPropagation: mounts do not propagate on FreeBSD'],
  [linux({ personality: { domain: 'LINUX32' } }), 'linux.personality.domain: there is but one personality'],
  [
    linux({ sysctl: { 'net.core.somaxconn': '1' } }),
    'linux.sysctl.net.core.somaxconn: it is a setting of Linux',
  ],
  [{ windows: { layerFolders: ['x'] } }, 'windows: this is FreeBSD'],
  [{ vm: { kernel: { path: '/k' } } }, 'vm: this is FreeBSD'],
]);

refused('invalid', [
  [{ linux: 'yes' }, 'linux: not an object'],
  [linux({ namespaces: {} }), 'linux.namespaces: not a list'],
  [linux({ sysctl: [] }), 'linux.sysctl: not an object'],
]);

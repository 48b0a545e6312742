import { jailName } from '../../../src/jail/name.js';
import { planned, refused, withJail, type Json } from '../planning.js';

const annotations = (members: Json): Json => ({ annotations: members });
const cri = (type: string, id?: string): Json => {
  return annotations({
    'io.kubernetes.cri.container-type': type,
    ...(id === undefined ? {} : { 'io.kubernetes.cri.sandbox-id': id }),
  });
};
const podman = (parent: string): Json => annotations({ 'org.freebsd.parentJail': parent });
const joined = (name: string): Json => annotations({ 'containerd-shim-jail.network': `jail:${name}` });
const shared = { mode: 'inherit', ip4: 'inherit', ip6: 'inherit', interface: undefined };

planned(
  ({ parents, sandbox, network }) => ({ parents, sandbox, mode: network.mode }),
  [
    [{}, { parents: [], sandbox: false, mode: 'default' }],
    [withJail({ parent: '' }), { parents: [], sandbox: false, mode: 'default' }],
    // A container's id first, then any jail.
    [withJail({ parent: 'pod1' }), { parents: ['default@pod1', 'pod1'], sandbox: false, mode: 'inherit' }],
    [podman('pod1'), { parents: ['default@pod1', 'pod1'], sandbox: false, mode: 'inherit' }],
    [podman('a.b'), { parents: ['default@a+b', 'a.b'], sandbox: false, mode: 'inherit' }],
    [podman('default@pod1'), { parents: ['default@pod1'], sandbox: false, mode: 'inherit' }],
    [podman('12'), { parents: ['default@12', '12'], sandbox: false, mode: 'inherit' }],
    [joined('pod1'), { parents: ['default@pod1', 'pod1'], sandbox: false, mode: 'inherit' }],
    [
      { ...withJail({ parent: 'one' }), ...podman('two') },
      { parents: ['default@one', 'one'], sandbox: false, mode: 'inherit' },
    ],
    // CRI
    [cri('sandbox', 'pod1'), { parents: [], sandbox: true, mode: 'default' }],
    [cri('sandbox'), { parents: [], sandbox: true, mode: 'default' }],
    [cri('container', 'pod1'), { parents: ['default@pod1'], sandbox: false, mode: 'inherit' }],
    [
      { ...cri('container', 'pod1'), ...withJail({ parent: 'other' }) },
      { parents: ['default@other', 'other'], sandbox: false, mode: 'inherit' },
    ],
    // A member of a pod may have a network of its own.
    [
      { ...cri('container', 'pod1'), ...withJail({ vnet: 'new' }) },
      { parents: ['default@pod1'], sandbox: false, mode: 'vnet' },
    ],
    [
      { ...podman('pod1'), ...withJail({ ip4: 'inherit' }) },
      { parents: ['default@pod1', 'pod1'], sandbox: false, mode: 'inherit' },
    ],
  ],
);

const podSpec = {
  ...cri('container', 'pod1'),
  linux: {
    namespaces: [
      { type: 'network', path: '/proc/7/ns/net' },
      { type: 'ipc', path: '/proc/7/ns/ipc' },
      { type: 'uts', path: '/proc/7/ns/uts' },
      { type: 'pid' },
    ],
  },
};

planned(({ network }) => network, [[podSpec, shared]]);

planned(
  ({ parameters: { asked, defaults } }) => [
    asked.sysvshm ?? defaults.sysvshm,
    asked.host,
    asked['children.max'],
  ],
  [
    [{}, ['new', 'new', undefined]],
    [cri('sandbox', 'pod1'), ['new', 'new', 1000]],
    [podSpec, ['inherit', 'inherit', undefined]],
    [podman('pod1'), ['new', 'inherit', undefined]],
    [{ ...podman('pod1'), hostname: 'h' }, ['new', 'new', undefined]],
    [{ ...podSpec, ...withJail({ sysvshm: 'disable' }) }, ['disable', 'inherit', undefined]],
  ],
);

refused('invalid', [
  [withJail({ parent: 7 }), 'freebsd.jail.parent: 7 is not text'],
  [withJail({ parent: 'a..b' }), 'freebsd.jail.parent: "a..b" is no name of a jail'],
  [withJail({ parent: '.a' }), /is no name of a jail$/],
  [withJail({ parent: 'a b' }), /is no name of a jail$/],
  [withJail({ parent: 'x'.repeat(256) }), /is no name of a jail$/],
  [withJail({ parent: 'box' }), 'freebsd.jail.parent: a jail cannot be its own parent'],
  [withJail({ parent: jailName({ namespace: 'default', id: 'box' }) }), /own parent$/],
  [podman('a..b'), 'annotation org.freebsd.parentJail: "a..b" is no name of a jail'],
  [joined(''), 'annotation containerd-shim-jail.network: "" is no name of a jail'],
  [
    { annotations: { 'org.freebsd.parentJail': 'a', 'containerd-shim-jail.network': 'jail:b' } },
    'annotation containerd-shim-jail.network: contradicts annotation org.freebsd.parentJail',
  ],
  [cri('pod'), 'annotation io.kubernetes.cri.container-type: "pod" is none of sandbox, container'],
  [cri('container'), 'annotation io.kubernetes.cri.sandbox-id: nothing is not text'],
  [cri('container', '../x'), 'annotation io.kubernetes.cri.sandbox-id: "../x" is no id of a container'],
  [cri('container', 'box'), 'annotation io.kubernetes.cri.sandbox-id: a jail cannot be its own parent'],
]);

refused('unsupported', [
  [
    { ...podSpec, linux: { namespaces: [{ type: 'pid', path: '/proc/7/ns/pid' }] } },
    'linux.namespaces[0].path: FreeBSD has no "pid" namespaces that could be joined by a path',
  ],
]);

import { planned, refused, withJail, type Json } from '../planning.js';

const shared = { mode: 'inherit', ip4: 'inherit', ip6: 'inherit', interface: undefined };
const families = (ip4: unknown, ip6: unknown, name?: string) => ({
  mode: 'inherit',
  ip4,
  ip6,
  interface: name,
});
const vnet = (...interfaces: string[]) => ({ mode: 'vnet', interfaces });
const annotations = (members: Json): Json => ({ annotations: members });
const ocijail = (members: Json): Json => {
  return annotations(
    Object.fromEntries(Object.entries(members).map(([k, v]) => [`org.freebsd.jail.${k}`, v])),
  );
};
const own = (network: string): Json => annotations({ 'containerd-shim-jail.network': network });
const namespaces = (...list: Json[]): Json => ({ linux: { namespaces: list } });

planned(
  ({ network }) => network,
  [
    // Nobody says anything.
    [{}, { mode: 'default' }],
    [withJail({}), { mode: 'default' }],
    [{ freebsd: null }, { mode: 'default' }],
    // freebsd.jail
    [withJail({ vnet: 'new' }), vnet()],
    [withJail({ vnet: 'new', vnetInterfaces: ['epair0b', 'vlan5'] }), vnet('epair0b', 'vlan5')],
    [withJail({ vnetInterfaces: ['epair0b'] }), vnet('epair0b')],
    [withJail({ vnet: 'new', ip4Addr: null, ip6: null }), vnet()],
    [withJail({ vnet: 'inherit' }), shared],
    [withJail({ ip4: 'inherit' }), families('inherit', 'disable')],
    [withJail({ ip6: 'inherit' }), families('disable', 'inherit')],
    [withJail({ ip4: 'inherit', ip6: 'inherit' }), shared],
    [withJail({ ip4: 'disable' }), families('disable', 'disable')],
    [withJail({ ip4: 'disable', ip6: 'disable' }), families('disable', 'disable')],
    [withJail({ ip4: 'new' }), families('disable', 'disable')],
    [withJail({ ip4: 'new', ip4Addr: [] }), families('disable', 'disable')],
    [withJail({ ip4: 'new', ip4Addr: ['10.0.0.2'] }), families(['10.0.0.2'], 'disable')],
    [withJail({ ip4Addr: ['10.0.0.2', '10.0.0.1'] }), families(['10.0.0.2', '10.0.0.1'], 'disable')],
    [withJail({ ip6Addr: ['fd00:0::1'] }), families('disable', ['fd00::1'])],
    [
      withJail({ vnet: 'inherit', ip4: 'new', ip4Addr: ['127.0.1.1'], ip6: 'inherit' }),
      families(['127.0.1.1'], 'inherit'),
    ],
    [withJail({ interface: 'em0', ip4Addr: ['10.0.0.2'] }), families(['10.0.0.2'], 'disable', 'em0')],
    // ocijail
    [ocijail({ vnet: 'new' }), vnet()],
    [ocijail({ vnet: 'inherit' }), shared],
    [ocijail({ 'ip4.addr': '10.0.0.2, 10.0.0.3' }), families(['10.0.0.2', '10.0.0.3'], 'disable')],
    [ocijail({ 'ip6.addr': '::1' }), families('disable', ['::1'])],
    [ocijail({ 'ip6.add': '::1' }), families('disable', ['::1'])],
    [ocijail({ vnet: '' }), { mode: 'default' }],
    // The object wins over ocijail's annotations as a whole.
    [{ ...withJail({ vnet: 'new' }), ...ocijail({ 'ip4.addr': '10.0.0.2' }) }, vnet()],
    [{ ...withJail({ ip4: 'inherit' }), ...ocijail({ vnet: 'new' }) }, families('inherit', 'disable')],
    // Our own
    [own('host'), shared],
    [own('none'), { mode: 'none' }],
    [own('bridge'), { mode: 'network', name: 'bridge' }],
    [own('front-end.2'), { mode: 'network', name: 'front-end.2' }],
    [own(''), { mode: 'default' }],
    [annotations({ 'containerd-shim-jail.interfaces': 'epair0b,epair1b' }), vnet('epair0b', 'epair1b')],
    // The namespaces of Linux
    [{ linux: {} }, { mode: 'default' }],
    [namespaces(), shared],
    [namespaces({ type: 'pid' }, { type: 'mount' }), shared],
    [namespaces({ type: 'pid' }, { type: 'network' }), { mode: 'default' }],
    [namespaces({ type: 'network', path: '' }), { mode: 'default' }],
    [{ ...namespaces({ type: 'pid' }), ...own('none') }, { mode: 'none' }],
    [{ ...namespaces({ type: 'pid' }), ...withJail({ vnet: 'new' }) }, vnet()],
    [{ ...namespaces({ type: 'network', path: '/proc/1/ns/net' }), ...own('none') }, { mode: 'none' }],
  ],
);

const restricted = 'a jail with a network stack of its own takes no restriction of addresses';

refused('invalid', [
  [withJail({ vnet: 'disable' }), 'freebsd.jail.vnet: "disable" is none of new, inherit'],
  [withJail({ vnet: true }), 'freebsd.jail.vnet: true is none of new, inherit'],
  [withJail({ ip4: 'off' }), 'freebsd.jail.ip4: "off" is none of disable, new, inherit'],
  [withJail({ ip6: 1 }), 'freebsd.jail.ip6: 1 is none of disable, new, inherit'],
  [withJail({ ip4Addr: '10.0.0.1' }), 'freebsd.jail.ip4Addr: not a list'],
  [withJail({ ip4Addr: [1] }), 'freebsd.jail.ip4Addr[0]: 1 is not text'],
  [withJail({ ip4Addr: ['10.0.0'] }), 'freebsd.jail.ip4Addr: "10.0.0" is no IPv4 address'],
  [withJail({ ip4Addr: ['10.0.0.2/24'] }), 'freebsd.jail.ip4Addr: "10.0.0.2/24" is no IPv4 address'],
  [withJail({ ip4Addr: ['em0|10.0.0.2'] }), 'freebsd.jail.ip4Addr: "em0|10.0.0.2" is no IPv4 address'],
  [withJail({ ip4Addr: ['::1'] }), 'freebsd.jail.ip4Addr: "::1" is no IPv4 address'],
  [withJail({ ip6Addr: ['10.0.0.1'] }), 'freebsd.jail.ip6Addr: "10.0.0.1" is no IPv6 address'],
  [withJail({ ip6Addr: ['fe80::1%em0'] }), 'freebsd.jail.ip6Addr: "fe80::1%em0" is no IPv6 address'],
  [withJail({ ip4Addr: ['0.0.0.0'] }), 'freebsd.jail.ip4Addr: a jail cannot have the address 0.0.0.0'],
  [withJail({ ip4Addr: ['255.255.255.255'] }), /cannot have the address 255\.255\.255\.255$/],
  [withJail({ ip6Addr: ['0::0'] }), 'freebsd.jail.ip6Addr: a jail cannot have the address ::'],
  [withJail({ ip6Addr: ['fd00::1', 'fd00:0::1'] }), 'freebsd.jail.ip6Addr: fd00::1 is listed twice'],
  [
    withJail({ ip4Addr: Array.from({ length: 256 }, (_, n) => `10.0.1.${n}`) }),
    'freebsd.jail.ip4Addr: 256 addresses, at most 255',
  ],
  // Contradictions that a kernel takes silently, or refuses without a word.
  [withJail({ vnet: 'new', ip4: 'inherit' }), `freebsd.jail.ip4: ${restricted}`],
  [withJail({ vnet: 'new', ip4Addr: ['10.0.0.1'] }), `freebsd.jail.ip4Addr: ${restricted}`],
  [withJail({ vnet: 'new', ip6: 'disable' }), `freebsd.jail.ip6: ${restricted}`],
  [withJail({ vnet: 'new', interface: 'em0' }), `freebsd.jail.interface: ${restricted}`],
  [withJail({ vnetInterfaces: ['em0'], ip4: 'inherit' }), `freebsd.jail.ip4: ${restricted}`],
  [ocijail({ vnet: 'new', 'ip4.addr': '10.0.0.1' }), `annotation org.freebsd.jail.ip4.addr: ${restricted}`],
  [
    withJail({ vnet: 'inherit', vnetInterfaces: ['em0'] }),
    'freebsd.jail.vnetInterfaces: only a jail with a network stack of its own can be given interfaces',
  ],
  [
    withJail({ ip4: 'inherit', ip4Addr: ['10.0.0.1'] }),
    'freebsd.jail.ip4Addr: contradicts freebsd.jail.ip4, which is inherit',
  ],
  [
    withJail({ ip6: 'disable', ip6Addr: ['::1'] }),
    'freebsd.jail.ip6Addr: contradicts freebsd.jail.ip6, which is disable',
  ],
  [
    withJail({ interface: 'em0', ip4: 'inherit' }),
    'freebsd.jail.interface: there are no addresses to give to the interface',
  ],
  [
    withJail({ interface: 'not an interface', ip4Addr: ['10.0.0.1'] }),
    'freebsd.jail.interface: "not an interface" is no name of an interface',
  ],
  [
    withJail({ interface: 'em0', ip4Addr: ['10.0.0.1', '224.0.0.1'] }),
    'freebsd.jail.interface: 224.0.0.1 is no address that an interface can be given',
  ],
  [
    withJail({ interface: 'em0', ip6Addr: ['fe80::1'] }),
    'freebsd.jail.interface: fe80::1 is no address that an interface can be given',
  ],
  [
    withJail({ vnetInterfaces: ['sixteen_letters_'] }),
    'freebsd.jail.vnetInterfaces: "sixteen_letters_" is no name of an interface',
  ],
  [withJail({ vnetInterfaces: ['em0', 'em0'] }), 'freebsd.jail.vnetInterfaces: em0 is listed twice'],
  [
    { ...withJail({ vnet: 'new' }), ...own('bridge') },
    'annotation containerd-shim-jail.network: the network is already decided by the spec',
  ],
  [
    own('my net'),
    `annotation containerd-shim-jail.network: "my net" is none of host, none, jail:NAME or a network's name`,
  ],
  [namespaces({}), 'linux.namespaces[0].type: nothing is not text'],
]);

refused('unsupported', [
  [
    withJail({ parent: 'web', interface: 'em0', ip4Addr: ['10.0.0.1'] }),
    "freebsd.jail.interface: a child jail's addresses have to be on its parent's interfaces already",
  ],
  [
    namespaces({ type: 'pid' }, { type: 'network', path: '/proc/1/ns/net' }),
    'linux.namespaces[1].path: FreeBSD has no network namespaces that could be joined by a path',
  ],
]);

import type { Vnet } from './vnet.js';

export type InterfaceKind = 'epair' | 'bridge' | 'lo' | 'tap' | 'vtnet' | 'pflog';

/** An IPv4 address of an interface. */
export interface Address4 {
  readonly address: Uint8Array;
  readonly mask: Uint8Array;
  readonly broadcast: Uint8Array;
}

/** An IPv6 address of an interface. */
export interface Address6 {
  readonly address: Uint8Array;
  readonly prefix: number;
  /** IN6_IFF_* */
  flags: number;
  /** Its lifetime is over: a timer of the kernel takes it away before long. */
  readonly expired: boolean;
}

/** A member of a bridge, with its IFBIF_*. */
export interface Member {
  readonly interface: Interface;
  flags: number;
}

/** A network interface. */
export interface Interface {
  readonly kind: InterfaceKind;
  /** Its number among those that its cloner made. */
  readonly unit: number;
  name: string;
  /** Where it is, where it goes when that ends, and where it can be destroyed. */
  vnet: Vnet;
  readonly home: Vnet;
  readonly cloner: Vnet | undefined;
  index: number;
  /** The other half of an epair. */
  peer: Interface | undefined;
  flags: number;
  mtu: number;
  ethernetAddress: Uint8Array;
  readonly permanentAddress: Uint8Array;
  description: string | undefined;
  groups: string[];
  members: Member[];
  addresses4: Address4[];
  addresses6: Address6[];
  /** ND6_IFF_* */
  nd6: number;
  /** It was up at some time: its end takes more of the kernel. */
  wasUp: boolean;
}

/** The bits of IFF_* that are the kernel's own: IFF_CANTCHANGE of net/if.h. */
export const ownFlags = 0x8f52;

export const interfaceFlags = { up: 1, loopback: 8, running: 0x40, promiscuous: 0x100 } as const;

/** What a fresh interface of each kind is. */
const fresh: Readonly<Record<InterfaceKind, { flags: number; mtu: number; nd6: number }>> = {
  epair: { flags: 0x8842, mtu: 1500, nd6: 0x21 },
  bridge: { flags: 0x8802, mtu: 1500, nd6: 0x1 },
  lo: { flags: 0x8008, mtu: 16_384, nd6: 0x21 },
  tap: { flags: 0x8802, mtu: 1500, nd6: 0x21 },
  vtnet: { flags: 0x8843, mtu: 1500, nd6: 0x21 },
  pflog: { flags: 0x100, mtu: 33_160, nd6: 0x21 },
};

/** An interface that lies in its home. */
export function newInterface(
  vnet: Vnet,
  kind: InterfaceKind,
  unit: number,
  name: string,
  ethernetAddress: Uint8Array,
  cloned: boolean,
): Interface {
  const made: Interface = {
    ...fresh[kind],
    ...{ kind, unit, name, vnet, home: vnet, cloner: cloned ? vnet : undefined, index: 0 },
    ...{ peer: undefined, ethernetAddress, permanentAddress: ethernetAddress, description: undefined },
    ...{ groups: ['all', kind], members: [], addresses4: [], addresses6: [], wasUp: false },
  };
  vnet.add(made);
  return made;
}

/** Brings it up; it gets a link-local address with that, and a loopback ::1 as well. */
export function bringUp(interface_: Interface): void {
  interface_.wasUp = true;
  interface_.flags |= interfaceFlags.up | interfaceFlags.running;
  const { addresses6, ethernetAddress, kind, nd6 } = interface_;
  if ((nd6 & autoLinkLocal) === 0 || kind === 'pflog') return;
  if (kind === 'lo' && !addresses6.some(({ prefix }) => prefix === 128)) {
    addresses6.push({ address: endingIn(1), prefix: 128, flags: 0, expired: false });
  }
  if (addresses6.some(({ address }) => address[0] === 0xfe && address[1] === 0x80)) return;
  const address = linkLocal(kind === 'lo' ? undefined : ethernetAddress);
  addresses6.push({ address, prefix: 64, flags: 0, expired: false });
}

// ND6_IFF_AUTO_LINKLOCAL of netinet6/nd6.h
const autoLinkLocal = 0x20;

function endingIn(last: number): Uint8Array {
  const address = new Uint8Array(16);
  address[15] = last;
  return address;
}

/** fe80::/64 with the EUI-64 of an Ethernet address: RFC 4291, appendix A. fe80::1 without one. */
function linkLocal(ethernet: Uint8Array | undefined): Uint8Array {
  if (ethernet === undefined) return Uint8Array.of(0xfe, 0x80, ...endingIn(1).subarray(2));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = ethernet;
  return Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f);
}

/** The bridge that an interface is a member of. */
export function bridgeOf(interface_: Interface): Interface | undefined {
  return interface_.vnet.interfaces.find(({ members }) => {
    return members.some((member) => member.interface === interface_);
  });
}

export function leaveBridge(interface_: Interface): void {
  const bridge = bridgeOf(interface_);
  if (bridge === undefined) return;
  bridge.members = bridge.members.filter((member) => member.interface !== interface_);
}

import type { StructInput } from '../layout.js';
import { readText } from '../layout.js';
import type { Bindings } from '../bindings/types.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger, checkInterfaceName, checkPositive, checkText } from './check.js';

// Requests go through a socket of the network stack that the caller is in. Every structure begins zeroed: bytes left
// in ifr_data make the epair of 12.1 panic.

type IfreqInput = StructInput<Bindings['layouts']['ifreq']>;

type InterfaceRequest =
  | 'SIOCIFCREATE2'
  | 'SIOCIFDESTROY'
  | 'SIOCSIFNAME'
  | 'SIOCGIFFLAGS'
  | 'SIOCSIFFLAGS'
  | 'SIOCGIFMTU'
  | 'SIOCSIFMTU'
  | 'SIOCSIFLLADDR'
  | 'SIOCSIFDESCR'
  | 'SIOCGIFDESCR'
  | 'SIOCSIFVNET'
  | 'SIOCSIFRVNET'
  | 'SIOCGIFINDEX';

/**
 * Makes an interface, by the name of its kind ("epair", "bridge", "lo", "tap") or by its own ("bridge7"), and answers
 * its name. Of an epair that is the half whose name ends in a; the other's ends in b. EINVAL if the module is missing.
 */
export function createInterface(b: BatchBuilder, name: string): Step<string> {
  return ifreqCall(b, 'SIOCIFCREATE2', name, {}, nameOf(b));
}

/**
 * Destroys an interface, both halves of an epair, in the network stack that it was made in. Never while a jail that
 * had one of them is being torn down: destroy before jail_remove(2), or take the interface back before.
 */
export function destroyInterface(b: BatchBuilder, name: string): Step<void> {
  return ifreqCall(b, 'SIOCIFDESTROY', name, {});
}

/** Gives an interface another name. EEXIST if it is taken. */
export function renameInterface(b: BatchBuilder, name: string, newName: string): Step<void> {
  const capacity = b.bindings.constants.IFNAMSIZ;
  checkInterfaceName('new interface name', newName, capacity);
  const at = b.arena.reserve(capacity);
  b.arena.write(at, Buffer.from(newName));
  return ifreqCall(b, 'SIOCSIFNAME', name, { ifr_data: at });
}

/** The IFF_* of an interface: 32 bits. */
export function interfaceFlags(b: BatchBuilder, name: string): Step<number> {
  const { ifr_flags: low, ifr_flagshigh: high } = b.bindings.layouts.ifreq.fields;
  return ifreqCall(b, 'SIOCGIFFLAGS', name, {}, (view, at) => {
    return view.getUint16(at + low.offset, true) + view.getUint16(at + high.offset, true) * 65536;
  });
}

/**
 * Sets the IFF_* of an interface that can be set, to exactly these. The kernel keeps those that are its own: of an
 * interface that nobody configured, IFF_UP or 0 is all there is to give.
 */
export function setInterfaceFlags(b: BatchBuilder, name: string, flags: number): Step<void> {
  checkInteger('interface flags', flags, 0, 0xffff_ffff);
  const signed = (half: number): number => (half << 16) >> 16;
  const halves = { ifr_flags: signed(flags & 0xffff), ifr_flagshigh: signed(flags >>> 16) };
  return ifreqCall(b, 'SIOCSIFFLAGS', name, halves);
}

/** The MTU of an interface, in bytes. */
export function interfaceMtu(b: BatchBuilder, name: string): Step<number> {
  const { ifr_mtu } = b.bindings.layouts.ifreq.fields;
  return ifreqCall(b, 'SIOCGIFMTU', name, {}, (view, at) => view.getInt32(at + ifr_mtu.offset, true));
}

/** Sets the MTU: 72 to 65535 for an epair. Both halves of one, and all members of a bridge, need the same. */
export function setInterfaceMtu(b: BatchBuilder, name: string, mtu: number): Step<void> {
  return ifreqCall(b, 'SIOCSIFMTU', name, { ifr_mtu: checkInteger('mtu', mtu, 72, 65535) });
}

/**
 * Sets the Ethernet address. The kernel takes any: one for many receivers, or zero, is refused here.
 *
 * @param address six bytes in hexadecimal, between colons
 */
export function setInterfaceAddress(b: BatchBuilder, name: string, address: string): Step<void> {
  const { sockaddr } = b.bindings.layouts;
  const { AF_LINK, ETHER_ADDR_LEN } = b.bindings.constants;
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(address)) {
    throw new RangeError(`Ethernet address: '${address}' is not six bytes between colons`);
  }
  const bytes = address.split(':').map((byte) => Number.parseInt(byte, 16));
  if (((bytes[0] ?? 0) & 1) !== 0 || bytes.every((byte) => byte === 0)) {
    throw new RangeError(`Ethernet address: ${address} is not the address of one interface`);
  }
  const socketAddress = new Uint8Array(sockaddr.size);
  socketAddress[sockaddr.fields.sa_len.offset] = ETHER_ADDR_LEN;
  socketAddress[sockaddr.fields.sa_family.offset] = AF_LINK;
  socketAddress.set(bytes, sockaddr.fields.sa_data.offset);
  return ifreqCall(b, 'SIOCSIFLLADDR', name, { ifr_addr: socketAddress });
}

/** Sets the text that ifconfig(8) shows, at most 63 bytes; '' takes it away. It survives moves between jails. */
export function setInterfaceDescription(b: BatchBuilder, name: string, text: string): Step<void> {
  checkText('interface description', text, descriptionCapacity);
  if (text === '') return ifreqCall(b, 'SIOCSIFDESCR', name, {});
  const { offset, length } = b.arena.textSpan(text, 'interface description');
  return ifreqCall(b, 'SIOCSIFDESCR', name, { ifr_buffer_length: length, ifr_buffer_buffer: offset });
}

const descriptionCapacity = 64;

/** The text of `setInterfaceDescription`. ENOMSG if there is none. */
export function interfaceDescription(b: BatchBuilder, name: string): Step<string> {
  const offset = b.arena.reserve(descriptionCapacity);
  const input = { ifr_buffer_length: descriptionCapacity, ifr_buffer_buffer: offset };
  const step = ifreqCall(b, 'SIOCGIFDESCR', name, input);
  return { value: step.value, decode: ({ arena }) => readText(arena, offset, descriptionCapacity) };
}

/** The number of an interface in its network stack; a move gives it another. */
export function interfaceIndex(b: BatchBuilder, name: string): Step<number> {
  const { ifr_index } = b.bindings.layouts.ifreq.fields;
  return ifreqCall(b, 'SIOCGIFINDEX', name, {}, (view, at) => view.getUint16(at + ifr_index.offset, true));
}

/**
 * Moves an interface into the network stack of a jail. It loses addresses, routes, IFF_UP, groups and its bridge; name,
 * MTU, description and Ethernet address stay. EEXIST if the jail has one of that name or no stack of its own.
 */
export function lendInterface(b: BatchBuilder, name: string, jid: number): Step<void> {
  return ifreqCall(b, 'SIOCSIFVNET', name, { ifr_jid: checkPositive('jid', jid) });
}

/**
 * Takes an interface back from a jail, by the name that it has there. ENXIO if the jail or the interface is not there:
 * a jail that died has sent its interfaces home itself. Nothing is said of a name that is here already.
 */
export function reclaimInterface(b: BatchBuilder, name: string, jid: number): Step<void> {
  return ifreqCall(b, 'SIOCSIFRVNET', name, { ifr_jid: checkPositive('jid', jid) });
}

function nameOf(b: BatchBuilder): (view: DataView, at: number) => string {
  const { ifr_name } = b.bindings.layouts.ifreq.fields;
  return (view, at) =>
    readText(new Uint8Array(view.buffer, view.byteOffset + at + ifr_name.offset, ifr_name.size));
}

function ifreqCall(b: BatchBuilder, request: InterfaceRequest, name: string, input: IfreqInput): Step<void>;
function ifreqCall<T>(
  b: BatchBuilder,
  request: InterfaceRequest,
  name: string,
  input: IfreqInput,
  decode: (view: DataView, at: number) => T,
): Step<T>;
function ifreqCall<T>(
  b: BatchBuilder,
  request: InterfaceRequest,
  name: string,
  input: IfreqInput,
  decode?: (view: DataView, at: number) => T,
): Step<T | undefined> {
  const { constants, layouts } = b.bindings;
  checkInterfaceName('interface', name, constants.IFNAMSIZ);
  const at = b.arena.struct(layouts.ifreq, { ...input, ifr_name: name });
  const object = `interface ${name}: ${request}`;
  const value = b.call('ioctl', [b.socket('AF_LOCAL'), constants[request], { arena: at }], { object });
  return {
    value,
    decode: ({ arena }) => decode?.(new DataView(arena.buffer, arena.byteOffset, arena.byteLength), at),
  };
}

import { readText } from '../../src/kernel/layout.js';
import { addressCall } from './address-calls.js';
import { bridgeCall, checkBridgeMtu } from './bridge-calls.js';
import { createInterface } from './cloner.js';
import { fail } from './failure.js';
import { groupCall } from './group-calls.js';
import { bringUp, interfaceFlags, ownFlags, type Interface } from './interface.js';
import { vnetOf, type Jail } from './jail.js';
import type { CallContext } from './open-file.js';
import type { Vnet } from './vnet.js';

/** The socket that a request is made through. */
export interface RequestSocket {
  readonly vnet: Vnet;
  readonly family: number;
}

const maxDescription = 1024;

/** Requests of netintro(4) through a socket, in the network stack that the socket was made in. */
export function interfaceCall(
  context: CallContext,
  socket: RequestSocket,
  request: number,
  data: bigint,
): number {
  const { memory, process, system } = context;
  const { constants: c, layouts } = system.bindings;
  const { vnet } = socket;
  const size = (request >> 16) & 0x1fff;
  memory.at(data, size);
  const name = readText(memory.at(data, c.IFNAMSIZ - 1));
  const fields = layouts.ifreq.fields;
  const valueAt = data + BigInt(fields.ifr_ifru.offset);
  requirePrivilege(context, request);
  const group = groupCall(context, vnet, request, name, data);
  if (group !== undefined) return group;
  switch (request) {
    case c.SIOCIFCREATE:
    case c.SIOCIFCREATE2: {
      const made = createInterface(
        system,
        vnet,
        name,
        request === c.SIOCIFCREATE2 ? memory.u64(valueAt) : 0n,
      );
      memory.setFields(data, layouts.ifreq, { ifr_name: Buffer.from(made.name) });
      return 0;
    }
    case c.SIOCIFDESTROY: {
      const interface_ = system.network.find(vnet, name);
      if (interface_.cloner === undefined) return fail('EINVAL');
      if (interface_.cloner !== vnet) return fail('ENXIO');
      system.network.destroy(interface_);
      return 0;
    }
    case c.SIOCSIFVNET: {
      const interface_ = system.network.find(vnet, name);
      const jail = system.jails.find(process.jail, memory.i32(valueAt)) ?? fail('ENXIO');
      lend(context, interface_, jail);
      return 0;
    }
    case c.SIOCSIFRVNET:
      reclaim(context, vnet, name, memory.i32(valueAt));
      return 0;
  }
  const drv = bridgeCall(context, socket, request, name, data);
  if (drv !== undefined) return drv;
  const address = addressCall(context, socket, request, name, data);
  if (address !== undefined) return address;
  return propertyCall(context, system.network.find(vnet, name), request, data, valueAt);
}

/** Jailed root may change the stack of its own jail, and nothing of the host's. */
function requirePrivilege({ process, system }: CallContext, request: number): void {
  const { constants: c } = system.bindings;
  const reading = [
    ...[c.SIOCGIFFLAGS, c.SIOCGIFMTU, c.SIOCGIFDESCR, c.SIOCGIFINDEX, c.SIOCGHWADDR, c.SIOCGIFADDR],
    ...[c.SIOCGIFGROUP, c.SIOCGIFGMEMB, c.SIOCGDRVSPEC, c.SIOCGIFINFO_IN6, c.SIOCGIFAFLAG_IN6],
  ];
  if (reading.includes(request)) return;
  const { jail, uid } = process.credential;
  if (uid !== 0 || (jail.parent !== undefined && vnetOf(jail) === system.network.host)) fail('EPERM');
}

function lend({ system }: CallContext, interface_: Interface, jail: Jail): void {
  const target = vnetOf(jail);
  if (target === interface_.vnet || target.find(interface_.name) !== undefined) fail('EEXIST');
  system.network.move(interface_, target);
}

/** It comes by the name that it has there, whatever has that name here. */
function reclaim({ process, system }: CallContext, vnet: Vnet, name: string, jid: number): void {
  const jail = system.jails.find(process.jail, jid) ?? fail('ENXIO');
  const source = vnetOf(jail);
  if (source === vnet) fail('EEXIST');
  system.network.move(source.find(name) ?? fail('ENXIO'), vnet);
}

function propertyCall(
  context: CallContext,
  interface_: Interface,
  request: number,
  data: bigint,
  valueAt: bigint,
): number {
  const { memory, system } = context;
  const { constants: c } = system.bindings;
  switch (request) {
    case c.SIOCGIFFLAGS:
      memory.setU16(valueAt, interface_.flags & 0xffff);
      memory.setU16(valueAt + 2n, interface_.flags >>> 16);
      return 0;
    case c.SIOCSIFFLAGS:
      setFlags(interface_, memory.u16(valueAt));
      return 0;
    case c.SIOCGIFMTU:
      memory.setI32(valueAt, interface_.mtu);
      return 0;
    case c.SIOCSIFMTU:
      setMtu(interface_, memory.i32(valueAt));
      return 0;
    case c.SIOCGIFINDEX:
      memory.setU16(valueAt, interface_.index);
      return 0;
    case c.SIOCSIFNAME:
      rename(context, interface_, memory.u64(valueAt));
      return 0;
    case c.SIOCSIFLLADDR: {
      const length = memory.at(valueAt, 1)[0];
      if (interface_.ethernetAddress.byteLength === 0 || length !== c.ETHER_ADDR_LEN) return fail('EINVAL');
      interface_.ethernetAddress = memory.at(valueAt + 2n, length).slice();
      return 0;
    }
    case c.SIOCGHWADDR:
      if (interface_.permanentAddress.byteLength === 0) return fail('ENODEV');
      memory.at(valueAt, 2).set([c.ETHER_ADDR_LEN, c.AF_LINK]);
      memory.write(valueAt + 2n, interface_.permanentAddress);
      return 0;
    case c.SIOCSIFDESCR:
      setDescription(context, interface_, data);
      return 0;
    case c.SIOCGIFDESCR:
      getDescription(context, interface_, data);
      return 0;
    default:
      return fail('EINVAL');
  }
}

function setFlags(interface_: Interface, flags: number): void {
  const { up, running } = interfaceFlags;
  interface_.flags = (interface_.flags & ownFlags) | (flags & ~ownFlags);
  if ((flags & up) !== 0) bringUp(interface_);
  else if (interface_.kind === 'bridge' || interface_.kind === 'lo') interface_.flags &= ~running;
}

function setMtu(interface_: Interface, mtu: number): void {
  const least = interface_.kind === 'bridge' ? 576 : 72;
  if (mtu < least || mtu > 65_535) fail('EINVAL');
  checkBridgeMtu(interface_, mtu);
  interface_.mtu = mtu;
}

function rename({ memory, system }: CallContext, interface_: Interface, address: bigint): void {
  const { IFNAMSIZ } = system.bindings.constants;
  const name = memory.text(address, IFNAMSIZ);
  if (name === '') fail('EINVAL');
  const other = interface_.vnet.find(name);
  if (other !== undefined && other !== interface_) fail('EEXIST');
  interface_.name = name;
}

function setDescription({ memory, system }: CallContext, interface_: Interface, data: bigint): void {
  const { ifr_buffer_length: length, ifr_buffer_buffer: buffer } = memory.struct(
    data,
    system.bindings.layouts.ifreq,
  );
  if (length > maxDescription) fail('ENAMETOOLONG');
  interface_.description = length === 0n ? undefined : readText(memory.at(buffer, Number(length)));
}

function getDescription({ memory, system }: CallContext, interface_: Interface, data: bigint): void {
  const { layouts } = system.bindings;
  if (interface_.description === undefined) fail('ENOMSG');
  const text = Buffer.from(`${interface_.description}\0`);
  const { ifr_buffer_length: length, ifr_buffer_buffer: buffer } = memory.struct(data, layouts.ifreq);
  if (length >= text.byteLength) memory.write(buffer, text);
  memory.setFields(data, layouts.ifreq, { ifr_buffer_length: text.byteLength });
}

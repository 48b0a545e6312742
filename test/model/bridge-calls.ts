import { readText } from '../../src/kernel/layout.js';
import { fail } from './failure.js';
import { bridgeOf, interfaceFlags, leaveBridge, type Interface } from './interface.js';
import type { RequestSocket } from './interface-calls.js';
import type { CallContext } from './open-file.js';

// LEARNING, DISCOVER and what spanning tree begins with: AUTOEDGE, AUTOPTP.
const freshMember = 0x143;

/** SIOCSDRVSPEC and SIOCGDRVSPEC of if_bridge(4); undefined for other requests. */
export function bridgeCall(
  context: CallContext,
  { vnet }: RequestSocket,
  request: number,
  name: string,
  data: bigint,
): number | undefined {
  const { memory, system } = context;
  const { constants: c, layouts } = system.bindings;
  if (request !== c.SIOCSDRVSPEC && request !== c.SIOCGDRVSPEC) return undefined;
  const bridge = system.network.find(vnet, name);
  if (bridge.kind !== 'bridge') return fail('EINVAL');
  const { ifd_cmd: command, ifd_len: length, ifd_data: at } = memory.struct(data, layouts.ifdrv);
  const sets = request === c.SIOCSDRVSPEC;
  const needs = (size: number, setting: boolean): void => {
    if (Number(length) !== size || sets !== setting) fail('EINVAL');
    memory.at(at, size);
  };
  switch (Number(command)) {
    case c.BRDGADD:
      needs(layouts.ifbreq.size, true);
      addMember(bridge, vnet.find(memberName(context, at)) ?? fail('ENOENT'));
      return 0;
    case c.BRDGDEL: {
      needs(layouts.ifbreq.size, true);
      const member = find(bridge, memberName(context, at));
      leaveBridge(member.interface);
      member.interface.flags &= ~interfaceFlags.promiscuous;
      return 0;
    }
    case c.BRDGSIFFLGS:
      needs(layouts.ifbreq.size, true);
      find(bridge, memberName(context, at)).flags = memory.struct(at, layouts.ifbreq).ifbr_ifsflags;
      return 0;
    case c.BRDGGIFFLGS:
      needs(layouts.ifbreq.size, false);
      memory.setFields(at, layouts.ifbreq, { ifbr_ifsflags: find(bridge, memberName(context, at)).flags });
      return 0;
    case c.BRDGGIFS:
      needs(layouts.ifbifconf.size, false);
      listMembers(context, bridge, at);
      return 0;
    default:
      return fail('EINVAL');
  }
}

function memberName({ memory, system }: CallContext, at: bigint): string {
  return readText(memory.struct(at, system.bindings.layouts.ifbreq).ifbr_ifsname);
}

function find(bridge: Interface, name: string) {
  return bridge.members.find((member) => member.interface.name === name) ?? fail('ENOENT');
}

/** The first member gives a bridge its MTU; the others have to have that one. */
function addMember(bridge: Interface, member: Interface): void {
  if (!['epair', 'tap', 'vtnet'].includes(member.kind)) fail('EINVAL');
  const other = bridgeOf(member);
  if (other !== undefined) fail(other === bridge ? 'EEXIST' : 'EBUSY');
  if (bridge.members.length === 0) bridge.mtu = member.mtu;
  else if (bridge.mtu !== member.mtu) fail('EINVAL');
  bridge.members.push({ interface: member, flags: freshMember });
  member.flags |= interfaceFlags.promiscuous;
}

/** A bridge cannot have another MTU than its members. */
export function checkBridgeMtu(bridge: Interface, mtu: number): void {
  if (bridge.members.some((member) => member.interface.mtu !== mtu)) fail('EINVAL');
}

function listMembers({ memory, system }: CallContext, bridge: Interface, at: bigint): void {
  const { ifbreq, ifbifconf } = system.bindings.layouts;
  const { ifbic_len: room, ifbic_buf: buffer } = memory.struct(at, ifbifconf);
  const needed = bridge.members.length * ifbreq.size;
  if (room === 0) {
    memory.setFields(at, ifbifconf, { ifbic_len: needed });
    return;
  }
  const fitting = bridge.members.slice(0, Math.floor(room / ifbreq.size));
  fitting.forEach((member, index) => {
    const entry = buffer + BigInt(index * ifbreq.size);
    memory.at(entry, ifbreq.size).fill(0);
    memory.setFields(entry, ifbreq, {
      ifbr_ifsname: Buffer.from(member.interface.name),
      ifbr_ifsflags: member.flags,
      ifbr_portno: member.interface.index & 0xff,
    });
  });
  memory.setFields(at, ifbifconf, { ifbic_len: fitting.length * ifbreq.size });
}

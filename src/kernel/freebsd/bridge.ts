import { readStruct, readText } from '../layout.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger, checkInterfaceName } from './check.js';

/**
 * Makes an interface a member of a bridge. The MTU of both must be the same, or the interface is the first and gives
 * the bridge its own. EEXIST if it is a member, EBUSY if it is one of another bridge, ENOENT if there is none.
 */
export function addBridgeMember(b: BatchBuilder, bridge: string, member: string): Step<void> {
  return memberCall(b, bridge, 'BRDGADD', member);
}

/** Takes an interface out of a bridge: ENOENT if it is not a member. */
export function removeBridgeMember(b: BatchBuilder, bridge: string, member: string): Step<void> {
  return memberCall(b, bridge, 'BRDGDEL', member);
}

/** Sets the IFBIF_* of a member, to exactly these; IFBIF_PRIVATE keeps members from reaching each other. */
export function setBridgeMemberFlags(
  b: BatchBuilder,
  bridge: string,
  member: string,
  flags: number,
): Step<void> {
  return memberCall(b, bridge, 'BRDGSIFFLGS', member, checkInteger('member flags', flags, 0, 0xffff));
}

/** A member of a bridge, with its IFBIF_*. */
export interface BridgeMember {
  readonly name: string;
  readonly flags: number;
}

/** The members of a bridge. ENXIO if there is no such bridge; the list is cut at `capacity`. */
export function bridgeMembers(b: BatchBuilder, bridge: string, capacity = 1024): Step<BridgeMember[]> {
  const { ifbreq, ifbifconf } = b.bindings.layouts;
  const length = checkInteger('capacity', capacity, 1, 65536) * ifbreq.size;
  const buffer = b.arena.reserve(length);
  const at = b.arena.struct(ifbifconf, { ifbic_len: length, ifbic_buf: buffer });
  const value = bridgeCall(b, 'SIOCGDRVSPEC', bridge, 'BRDGGIFS', at, ifbifconf.size, 'members');
  return {
    value,
    decode: ({ arena }) => {
      const used = Math.min(readStruct(arena, at, ifbifconf).ifbic_len, length);
      return Array.from({ length: Math.floor(used / ifbreq.size) }, (_, index) => {
        const member = readStruct(arena, buffer + index * ifbreq.size, ifbreq);
        return { name: readText(member.ifbr_ifsname), flags: member.ifbr_ifsflags };
      });
    },
  };
}

function memberCall(
  b: BatchBuilder,
  bridge: string,
  command: 'BRDGADD' | 'BRDGDEL' | 'BRDGSIFFLGS',
  member: string,
  flags = 0,
): Step<void> {
  const { ifbreq } = b.bindings.layouts;
  const at = b.arena.struct(ifbreq, {
    ifbr_ifsname: checkInterfaceName('member', member, b.bindings.constants.IFNAMSIZ),
    ifbr_ifsflags: flags,
  });
  const value = bridgeCall(b, 'SIOCSDRVSPEC', bridge, command, at, ifbreq.size, `member ${member}`);
  return { value, decode: () => undefined };
}

function bridgeCall(
  b: BatchBuilder,
  request: 'SIOCSDRVSPEC' | 'SIOCGDRVSPEC',
  bridge: string,
  command: 'BRDGADD' | 'BRDGDEL' | 'BRDGSIFFLGS' | 'BRDGGIFS',
  data: number,
  length: number,
  object: string,
): Step<void>['value'] {
  const { constants, layouts } = b.bindings;
  const at = b.arena.struct(layouts.ifdrv, {
    ifd_name: checkInterfaceName('bridge', bridge, constants.IFNAMSIZ),
    ifd_cmd: constants[command],
    ifd_len: length,
    ifd_data: data,
  });
  const args = [b.socket('AF_LOCAL'), constants[request], { arena: at }];
  return b.call('ioctl', args, { object: `bridge ${bridge}: ${object}` });
}

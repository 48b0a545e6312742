import { readText } from '../layout.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger, checkInterfaceName } from './check.js';

/** Puts an interface into a group: EEXIST if it is. A move to a jail takes it out of all but its own kind's. */
export function addToGroup(b: BatchBuilder, name: string, group: string): Step<void> {
  return groupCall(b, 'SIOCAIFGROUP', name, group);
}

/** Takes an interface out of a group: ENOENT if it is not in it. */
export function removeFromGroup(b: BatchBuilder, name: string, group: string): Step<void> {
  return groupCall(b, 'SIOCDIFGROUP', name, group);
}

/**
 * The interfaces of a group; every interface is in "all". ENOENT if there is no such group, EINVAL if it has more than
 * `capacity` members.
 */
export function groupMembers(b: BatchBuilder, group: string, capacity = 1024): Step<string[]> {
  const { constants, layouts } = b.bindings;
  const { ifgroupreq, ifg_req } = layouts;
  const length = checkInteger('capacity', capacity, 1, 65536) * ifg_req.size;
  const buffer = b.arena.reserve(length);
  const at = b.arena.struct(ifgroupreq, {
    ifgr_name: checkGroup(b, group),
    ifgr_len: length,
    ifgr_groups: buffer,
  });
  const args = [b.socket('AF_LOCAL'), constants.SIOCGIFGMEMB, { arena: at }];
  const value = b.call('ioctl', args, { object: `interface group ${group}` });
  return {
    value,
    decode: ({ arena }) => {
      const view = new DataView(arena.buffer, arena.byteOffset);
      const used = Math.min(view.getUint32(at + ifgroupreq.fields.ifgr_len.offset, true), length);
      return Array.from({ length: Math.floor(used / ifg_req.size) }, (_, index) => {
        const { offset, size } = ifg_req.fields.ifgrq_member;
        return readText(arena, buffer + index * ifg_req.size + offset, size);
      });
    },
  };
}

function groupCall(
  b: BatchBuilder,
  request: 'SIOCAIFGROUP' | 'SIOCDIFGROUP',
  name: string,
  group: string,
): Step<void> {
  const { constants, layouts } = b.bindings;
  const at = b.arena.struct(layouts.ifgroupreq, {
    ifgr_name: checkInterfaceName('interface', name, constants.IFNAMSIZ),
    ifgr_group: checkGroup(b, group),
  });
  const args = [b.socket('AF_LOCAL'), constants[request], { arena: at }];
  const value = b.call('ioctl', args, { object: `interface ${name} in group ${group}` });
  return { value, decode: () => undefined };
}

/** The kernel cuts long names without a word, takes an empty one, and refuses a digit at the end. */
function checkGroup(b: BatchBuilder, group: string): string {
  checkInterfaceName('interface group', group, b.bindings.constants.IFNAMSIZ);
  if (/\d$/.test(group)) throw new RangeError(`interface group: '${group}' ends in a digit`);
  return group;
}

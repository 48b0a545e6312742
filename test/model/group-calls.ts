import { readText } from '../../src/kernel/layout.js';
import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import type { Vnet } from './vnet.js';

/** Groups of interfaces; undefined for other requests. */
export function groupCall(
  context: CallContext,
  vnet: Vnet,
  request: number,
  name: string,
  data: bigint,
): number | undefined {
  const { memory, system } = context;
  const { constants: c, layouts } = system.bindings;
  const group = (): string => readText(memory.struct(data, layouts.ifgroupreq).ifgr_group.subarray(0, 15));
  switch (request) {
    case c.SIOCAIFGROUP: {
      const { groups } = system.network.find(vnet, name);
      if (/\d$/.test(group())) return fail('EINVAL');
      if (groups.includes(group())) return fail('EEXIST');
      groups.push(group());
      return 0;
    }
    case c.SIOCDIFGROUP: {
      const interface_ = system.network.find(vnet, name);
      if (!interface_.groups.includes(group())) return fail('ENOENT');
      interface_.groups = interface_.groups.filter((each) => each !== group());
      return 0;
    }
    case c.SIOCGIFGROUP:
      writeNames(context, data, system.network.find(vnet, name).groups);
      return 0;
    case c.SIOCGIFGMEMB: {
      const members = vnet.interfaces.filter(({ groups }) => groups.includes(name));
      if (members.length === 0) return fail('ENOENT');
      writeNames(
        context,
        data,
        members.map((interface_) => interface_.name),
      );
      return 0;
    }
    default:
      return undefined;
  }
}

/** Without room it only says how much is needed; with too little it is EINVAL. */
function writeNames({ memory, system }: CallContext, data: bigint, names: readonly string[]): void {
  const { ifg_req, ifgroupreq } = system.bindings.layouts;
  const { ifgr_len: room, ifgr_groups: buffer } = memory.struct(data, ifgroupreq);
  if (room === 0) {
    memory.setFields(data, ifgroupreq, { ifgr_len: names.length * ifg_req.size });
    return;
  }
  names.forEach((name, index) => {
    if ((index + 1) * ifg_req.size > room) fail('EINVAL');
    const bytes = new Uint8Array(ifg_req.size);
    bytes.set(Buffer.from(name));
    memory.write(buffer + BigInt(index * ifg_req.size), bytes);
  });
  memory.setFields(data, ifgroupreq, { ifgr_len: names.length * ifg_req.size });
}

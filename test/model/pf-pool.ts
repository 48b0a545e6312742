import { readStruct, readText } from '../../src/kernel/layout.js';
import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import { findAnchor } from './pf-anchors.js';
import { activeRule, rulesetNumber } from './pf-rules.js';
import type { PacketFilter, PfRule } from './pf-state.js';

/** DIOCBEGINADDRS: one counter for everybody. */
export function beginAddresses({ memory, system }: CallContext, filter: PacketFilter, data: bigint): number {
  filter.pool = [];
  filter.poolTicket = (filter.poolTicket + 1) >>> 0;
  memory.setFields(data, system.bindings.layouts.pfioc_pooladdr, { ticket: filter.poolTicket });
  return 0;
}

/** DIOCADDADDR: neither the family nor the interface of an address is looked at. */
export function addAddress({ memory, system }: CallContext, filter: PacketFilter, data: bigint): number {
  const { constants: c, layouts } = system.bindings;
  const { addr, af, ticket } = memory.struct(data, layouts.pfioc_pooladdr);
  const { type, p } = readStruct(addr, layouts.pf_pooladdr.fields.addr.offset, layouts.pf_addr_wrap);
  if (![c.PF_ADDR_ADDRMASK, c.PF_ADDR_DYNIFTL, c.PF_ADDR_TABLE].includes(type)) fail('EINVAL');
  if (p.some((byte) => byte !== 0)) fail('EINVAL');
  if (ticket !== filter.poolTicket) fail('EBUSY');
  filter.pool.push({ family: af, bytes: addr });
  return 0;
}

/** DIOCGETADDRS */
export function getAddresses(context: CallContext, filter: PacketFilter, data: bigint): number {
  const { pool } = ruleOf(context, filter, data);
  context.memory.setFields(data, context.system.bindings.layouts.pfioc_pooladdr, { nr: pool.length });
  return 0;
}

/** DIOCGETADDR */
export function getAddress(context: CallContext, filter: PacketFilter, data: bigint): number {
  const { memory, system } = context;
  const { pfioc_pooladdr } = system.bindings.layouts;
  const { pool } = ruleOf(context, filter, data);
  const { nr } = memory.struct(data, pfioc_pooladdr);
  memory.setFields(data, pfioc_pooladdr, { addr: (pool[nr] ?? fail('EBUSY')).bytes });
  return 0;
}

/** pf_get_pool(): whatever is wrong with the request is EBUSY. */
function ruleOf({ memory, system }: CallContext, filter: PacketFilter, data: bigint): PfRule {
  const { bindings } = system;
  const request = memory.struct(data, bindings.layouts.pfioc_pooladdr);
  const anchor = findAnchor(filter, readText(request.anchor.subarray(0, -1))) ?? fail('EBUSY');
  const ruleset = anchor.rulesets[rulesetNumber(bindings, request.r_action) ?? -1] ?? fail('EBUSY');
  return activeRule(ruleset, request.ticket, request.r_num);
}

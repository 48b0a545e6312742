/** The packet filter of a network stack. */
export interface PacketFilter {
  running: boolean;
}

export function newPacketFilter(): PacketFilter {
  return { running: false };
}

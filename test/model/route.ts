import type { Interface } from './interface.js';
import type { Vnet } from './vnet.js';

/** A route that somebody added; those to connected networks follow from the addresses. */
export interface Route {
  readonly family: 4 | 6;
  readonly destination: Uint8Array;
  readonly mask: Uint8Array;
  gateway: Uint8Array;
  interface: Interface;
  /** RTF_* */
  flags: number;
}

/** The interface by which an address is reached directly, or undefined. */
export function connectedBy(
  vnet: Vnet,
  family: 4 | 6,
  address: Uint8Array,
  scope: number,
): Interface | undefined {
  const isLinkLocal = family === 6 && address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80;
  if (isLinkLocal) {
    // The number of the interface may also be embedded in the address.
    const embedded = ((address[2] ?? 0) << 8) | (address[3] ?? 0);
    return vnet.interfaces.find(({ index }) => index === (scope !== 0 ? scope : embedded));
  }
  return vnet.interfaces.find((interface_) =>
    family === 4
      ? interface_.addresses4.some((each) => sameNetwork(each.address, address, each.mask))
      : interface_.addresses6.some((each) => sameNetwork(each.address, address, maskOf(each.prefix))),
  );
}

function maskOf(prefix: number): Uint8Array {
  return Uint8Array.from(
    { length: 16 },
    (_, index) => 0xff & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))),
  );
}

function sameNetwork(one: Uint8Array, other: Uint8Array, mask: Uint8Array): boolean {
  return mask.every((bits, index) => ((one[index] ?? 0) & bits) === ((other[index] ?? 0) & bits));
}

/** Takes away the routes whose gateways are in no connected network any more. */
export function dropUnreachable(vnet: Vnet): void {
  vnet.routes = vnet.routes.filter(({ family, gateway, interface: via }) => {
    return via.vnet === vnet && connectedBy(vnet, family, gateway, via.index) !== undefined;
  });
}

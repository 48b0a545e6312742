import type { Bindings } from '../bindings/types.js';
import { writeScalar } from '../layout.js';

/** A struct sockaddr_in of these 4 bytes, all else zero. */
export function socketAddressIPv4({ constants, layouts }: Bindings, address: Uint8Array): Uint8Array {
  const { size, fields } = layouts.sockaddr_in;
  const bytes = new Uint8Array(size);
  bytes[fields.sin_len.offset] = size;
  bytes[fields.sin_family.offset] = constants.AF_INET;
  bytes.set(address, fields.sin_addr.offset);
  return bytes;
}

/**
 * A struct sockaddr_in6 of these 16 bytes, all else zero.
 *
 * @param scope the number of the interface that a link-local address belongs to
 */
export function socketAddressIPv6(
  { constants, layouts }: Bindings,
  address: Uint8Array,
  scope = 0,
): Uint8Array {
  const { size, fields } = layouts.sockaddr_in6;
  const bytes = new Uint8Array(size);
  bytes[fields.sin6_len.offset] = size;
  bytes[fields.sin6_family.offset] = constants.AF_INET6;
  bytes.set(address, fields.sin6_addr.offset);
  const { type, offset } = fields.sin6_scope_id;
  writeScalar(new DataView(bytes.buffer), offset, type, scope, 'sin6_scope_id');
  return bytes;
}

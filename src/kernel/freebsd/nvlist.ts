// Packed name-value lists as nvlist_pack(9) writes them and nvlist_unpack(9) wants them: sys/contrib/libnv of FreeBSD.
// All integers are little-endian, as on both processors that we run on.

/** A value of a list. A number has 64 bits and no sign. */
export type NvValue = boolean | bigint | string | Uint8Array | readonly bigint[] | readonly string[] | NvList;

/** A list: its values by their names. */
export type NvList = ReadonlyMap<string, NvValue>;

/** A list to be packed. */
export interface NvInput {
  readonly [name: string]:
    | boolean
    | number
    | bigint
    | string
    | Uint8Array
    | readonly (number | bigint)[]
    | readonly string[]
    | NvInput;
}

/** struct nvlist_header: magic, version, flags (u8 each), descriptors, size of all that follows (u64 each). */
export const listHeaderSize = 19;
/** struct nvpair_header: type (u8), size of the name with its NUL (u16), size of the data, items (u64 each). */
export const pairHeaderSize = 19;
/** nvlh_magic. */
export const magic = 0x6c;
/** In nvlh_flags. */
export const bigEndian = 0x80;

/** NV_TYPE_*: of the kinds that the packet filter uses. */
export const types = {
  bool: 2,
  number: 3,
  string: 4,
  list: 5,
  binary: 7,
  numbers: 9,
  strings: 10,
  up: 255,
} as const;

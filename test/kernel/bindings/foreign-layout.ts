/** Sizes and offsets that C's rules give, worked out from what other projects publish as source. */

export interface Extent {
  readonly size: number;
  readonly alignment: number;
}

/** A structure that another project declares. */
export interface ForeignStruct extends Extent {
  readonly offsets: ReadonlyMap<string, number>;
}

/** The names that another project knows, with the values that it gives them. */
export interface ForeignTables {
  readonly constants: ReadonlyMap<string, bigint>;
  readonly structs: ReadonlyMap<string, ForeignStruct>;
}

/** Places members one after the other, each at a multiple of its alignment. */
export function layOut(members: readonly (Extent & { readonly name: string })[]): ForeignStruct {
  const offsets = new Map<string, number>();
  let end = 0;
  let alignment = 1;
  for (const member of members) {
    const offset = roundUp(end, member.alignment);
    offsets.set(member.name, offset);
    end = offset + member.size;
    alignment = Math.max(alignment, member.alignment);
  }
  return { size: roundUp(end, alignment), alignment, offsets };
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

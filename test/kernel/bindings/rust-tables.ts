import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Arch, Release } from '../../../src/kernel/bindings/types.js';
import { layOut, type Extent, type ForeignStruct, type ForeignTables } from './foreign-layout.js';
import { evaluate } from './rust-expression.js';

const primitives: Readonly<Record<string, number>> = {
  c_char: 1,
  c_schar: 1,
  c_uchar: 1,
  i8: 1,
  u8: 1,
  bool: 1,
  c_short: 2,
  c_ushort: 2,
  i16: 2,
  u16: 2,
  c_int: 4,
  c_uint: 4,
  i32: 4,
  u32: 4,
  c_long: 8,
  c_ulong: 8,
  c_longlong: 8,
  c_ulonglong: 8,
  i64: 8,
  u64: 8,
  isize: 8,
  usize: 8,
};

/** The crate's names of C structures, where they are not C's. */
const renamed: Readonly<Record<string, string>> = { siginfo_t: '__siginfo', __wrusage: '__wrusage' };

/**
 * Reads the modules of the crate libc that make up one release and processor. What needs more of Rust than numbers,
 * operators, names and casts is left out.
 */
export function readRustTables(folder: string, release: Release, arch: Arch): ForeignTables {
  const source = modules(release, arch)
    .map((path) => join(folder, 'src/unix', path))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n')
    .replace(/\/\/.*/g, '')
    .replace(/\/\*[\s\S]*?\*\//g, '');
  const expressions = new Map<string, [type: string, expression: string]>();
  for (const [, name = '', type = '', text = ''] of source.matchAll(
    /pub const (\w+): ([\w:]+) =\s*([^;]+);/g,
  )) {
    expressions.set(name, [type, text]);
  }
  const constants = new Map<string, bigint>();
  const valueOf = (name: string): bigint | undefined => {
    const entry = expressions.get(name);
    return constants.get(name) ?? (entry && evaluate(entry[1], valueOf));
  };
  for (const [name, [type]] of expressions) {
    const value = valueOf(name);
    if (value !== undefined)
      constants.set(name, /^(c_int|i32)$/.test(type) ? BigInt.asIntN(32, value) : value);
  }
  return { constants, structs: readStructs(source, valueOf) };
}

function modules(release: Release, arch: Arch): string[] {
  const own = `bsd/freebsdlike/freebsd/freebsd${release}`;
  return [
    'mod.rs',
    'bsd/mod.rs',
    'bsd/freebsdlike/mod.rs',
    'bsd/freebsdlike/freebsd/mod.rs',
    ...(arch === 'amd64'
      ? [`bsd/freebsdlike/freebsd/x86_64/mod.rs`, `${own}/mod.rs`, `${own}/x86_64.rs`]
      : [`bsd/freebsdlike/freebsd/aarch64.rs`, `${own}/mod.rs`]),
  ];
}

function readStructs(
  source: string,
  valueOf: (name: string) => bigint | undefined,
): Map<string, ForeignStruct> {
  const aliases = new Map<string, string>();
  for (const [, name = '', type = ''] of source.matchAll(/pub type (\w+) = ([^;]+);/g))
    aliases.set(name, type);
  const bodies = new Map<string, [kind: string, body: string]>();
  for (const [, kind = '', name = '', body = ''] of source.matchAll(
    /pub (struct|union) (\w+) \{([^}]*)\}/g,
  )) {
    bodies.set(name, [kind, body]);
  }

  const extent = (type: string): Extent | undefined => {
    const name = type.trim().replace(/^(crate|super)::/, '');
    const array = /^\[(.*);([^;]*)\]$/s.exec(name);
    if (array !== null) {
      const [element, count] = [extent(array[1] ?? ''), evaluate(array[2] ?? '', valueOf)];
      if (element === undefined || count === undefined) return undefined;
      return { size: element.size * Number(count), alignment: element.alignment };
    }
    if (/^(\*|Option<)/.test(name)) return { size: 8, alignment: 8 };
    const size = primitives[name];
    if (size !== undefined) return { size, alignment: size };
    const alias = aliases.get(name);
    return alias === undefined ? struct(name) : extent(alias);
  };
  const struct = (name: string): ForeignStruct | undefined => {
    const [kind, body] = bodies.get(name) ?? ['', ''];
    if (kind === '' || body.includes('#[cfg')) return undefined;
    const members: (Extent & { name: string })[] = [];
    for (const [, field = '', type = ''] of body.matchAll(/(?:pub )?(\w+): ((?:\[[^\]]*\]|[^,[\]])+),/g)) {
      const found = extent(type);
      if (found === undefined) return undefined;
      members.push({ name: field, ...found });
    }
    if (kind === 'struct') return layOut(members);
    const alignment = Math.max(...members.map((member) => member.alignment));
    const size = Math.max(...members.map((member) => member.size));
    return { size: Math.ceil(size / alignment) * alignment, alignment, offsets: new Map() };
  };
  const found = new Map<string, ForeignStruct>();
  for (const name of bodies.keys()) {
    const value = struct(name);
    if (value !== undefined) found.set(renamed[name] ?? name, value);
  }
  return found;
}

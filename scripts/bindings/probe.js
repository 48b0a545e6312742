// Turns the list into a C file whose only content is an array of numbers, has it compiled, and reads the numbers
// out of the object file: nothing needs to run, so any target will do.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { has } from './list.js';
import { readSection } from './elf.js';

const sectionName = 'bindings';

/** The kinds of fields, by the number that the C file gives each. Order matters: KIND below uses the positions. */
const kinds = ['bytes', 'u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'pointer'];

// A plain char counts as u8, as its sign differs between processors. Arrays, structures and unions are bytes:
// an array is told by its type changing where it decays to a pointer.
const preamble = `
#define MEMBER(type, field) (((type *)0)->field)
#define IS_ARRAY(member) (!__builtin_types_compatible_p(__typeof__(member), __typeof__(((void)0, member))))
#define IS_POINTER(member) (!IS_ARRAY(member) && __builtin_classify_type(member) == 5)
#define KIND(type, field) (IS_POINTER(MEMBER(type, field)) ? 9 : _Generic(&MEMBER(type, field), \\
	char *: 1, unsigned char *: 1, _Bool *: 1, signed char *: 2, unsigned short *: 3, short *: 4, \\
	unsigned int *: 5, int *: 6, unsigned long *: 7, unsigned long long *: 7, long *: 8, long long *: 8, \\
	default: 0))
#define FIELD(type, field) __builtin_offsetof(type, field), sizeof(MEMBER(type, field)), KIND(type, field)
#define CONSTANT(value) (unsigned long long)(value), (value) < 0
`;

/**
 * @typedef {{ kind: string, offset: number, size: number }} FieldValues
 * @typedef {{ size: number, alignment: number, fields: Map<string, FieldValues> }} LayoutValues
 * @typedef {{ osreldate: number, layouts: Map<string, LayoutValues>, constants: Map<string, number | bigint> }} Values
 * constants are keyed TABLE.NAME
 */

/**
 * @param list what `parseList` made
 * @param compiler command and its arguments that come before ours
 * @returns {Values} of the names that `release` has
 */
export function probe(list, release, compiler) {
  const layouts = list.structures.filter(({ releases }) => has(releases, release));
  const constants = list.constants.filter(({ releases }) => has(releases, release));
  const words = compile(source(list.headers, layouts, constants), compiler);
  const next = () => words.shift();
  const number = () => Number(next());
  const values = { osreldate: number(), layouts: new Map(), constants: new Map() };
  for (const { name, fields } of layouts) {
    const layout = { size: number(), alignment: number(), fields: new Map() };
    for (const field of fields) {
      const [offset, size, kind] = [number(), number(), kinds[number()]];
      layout.fields.set(field.name, { kind, offset, size });
    }
    values.layouts.set(name, layout);
  }
  for (const { name, table } of constants) {
    const [magnitude, negative] = [next(), next()];
    values.constants.set(`${table}.${name}`, exact(negative ? BigInt.asIntN(64, magnitude) : magnitude));
  }
  return values;
}

function source(headers, layouts, constants) {
  const lines = [
    ...headers.map((header) => `#include <${header}>`),
    preamble,
    `__attribute__((section("${sectionName}"), used))`,
    'static const unsigned long long values[] = {',
    '\t__FreeBSD_version,',
  ];
  for (const { type, fields } of layouts) {
    lines.push(`\tsizeof(${type}), _Alignof(${type}),`);
    for (const { expression } of fields) lines.push(`\tFIELD(${type}, ${expression}),`);
  }
  for (const { expression } of constants) lines.push(`\tCONSTANT(${expression}),`);
  return [...lines, '};', ''].join('\n');
}

function compile(text, [command, ...args]) {
  const folder = mkdtempSync(join(tmpdir(), 'bindings-'));
  try {
    const [input, output] = [join(folder, 'bindings.c'), join(folder, 'bindings.o')];
    writeFileSync(input, text);
    execFileSync(command, [...args, '-std=gnu11', '-w', '-c', input, '-o', output], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const bytes = readSection(readFileSync(output), sectionName);
    return Array.from({ length: bytes.length / 8 }, (_, index) => bytes.readBigUInt64LE(index * 8));
  } catch (error) {
    const told = error.stderr?.toString() ?? '';
    throw new Error(`${command}: the bindings do not compile: ${told.slice(0, 4000) || error.message}`, {
      cause: error,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function exact(value) {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

// As much of elf(5) as tells what a program needs to run: 64-bit and little-endian.

const programHeaders = { load: 1, dynamic: 2, interpreter: 3, note: 4 } as const;
// NT_FREEBSD_ABI_TAG of sys/elf_common.h
const abiTag = 1;
const symbolTable = 2;
const symbolSize = 24;

/** What a program is for, and what it needs. */
export interface ProgramFile {
  /** EM_* */
  readonly machine: number;
  /** The dynamic linker. */
  readonly interpreter: string | undefined;
  readonly isDynamic: boolean;
  /** The oldest release of FreeBSD that it is for, as __FreeBSD_version has it; undefined if it is not for FreeBSD. */
  readonly freebsd: number | undefined;
  /** Symbols that nothing defines. */
  readonly undefinedSymbols: readonly string[];
}

interface Part {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** Reads a program. Throws an Error if it is none. */
export function readProgram(file: Buffer): ProgramFile {
  if (file.toString('latin1', 0, 6) !== '\x7fELF\x02\x01')
    throw new Error('not a 64-bit little-endian program');
  const segments = table(file, file.readBigUInt64LE(0x20), file.readUInt16LE(0x38), 56, [8, 32]);
  const sections = table(file, file.readBigUInt64LE(0x28), file.readUInt16LE(0x3c), 64, [24, 32]);
  const interpreter = segments.find(({ type }) => type === programHeaders.interpreter);
  const abi = segments
    .filter(({ type }) => type === programHeaders.note)
    .flatMap((part) => [...readNotes(bytesOf(file, part))])
    .find(({ name, type }) => name === 'FreeBSD' && type === abiTag);
  return {
    machine: file.readUInt16LE(18),
    interpreter: interpreter && bytesOf(file, interpreter).toString('latin1', 0, interpreter.size - 1),
    isDynamic: segments.some(({ type }) => type === programHeaders.dynamic),
    freebsd: abi?.value.readUInt32LE(0),
    undefinedSymbols: sections
      .filter(({ type }) => type === symbolTable)
      .flatMap((part) => undefinedIn(bytesOf(file, part), names(file, sections[part.link]))),
  };
}

/** Program or section headers; their types are in their first or second word. */
function table(
  file: Buffer,
  start: bigint,
  count: number,
  size: 56 | 64,
  [offset, length]: readonly [number, number],
): Part[] {
  return Array.from({ length: count }, (_, index) => {
    const at = Number(start) + index * size;
    return {
      type: file.readUInt32LE(size === 64 ? at + 4 : at),
      offset: Number(file.readBigUInt64LE(at + offset)),
      size: Number(file.readBigUInt64LE(at + length)),
      link: size === 64 ? file.readUInt32LE(at + 40) : 0,
    };
  });
}

function bytesOf(file: Buffer, { offset, size }: Part): Buffer {
  return file.subarray(offset, offset + size);
}

function names(file: Buffer, part: Part | undefined): Buffer {
  return part === undefined ? Buffer.alloc(0) : bytesOf(file, part);
}

interface Note {
  readonly name: string;
  readonly type: number;
  readonly value: Buffer;
}

function* readNotes(bytes: Buffer): Generator<Note> {
  const aligned = (length: number): number => Math.ceil(length / 4) * 4;
  for (let at = 0; at + 12 <= bytes.byteLength;) {
    const [nameLength, length] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    const start = at + 12 + aligned(nameLength);
    yield {
      name: bytes.toString('latin1', at + 12, at + 11 + nameLength),
      type: bytes.readUInt32LE(at + 8),
      value: bytes.subarray(start, start + length),
    };
    at = start + aligned(length);
  }
}

/** The first symbol of each table is always undefined, and has no name. */
function undefinedIn(symbols: Buffer, text: Buffer): string[] {
  return Array.from({ length: symbols.byteLength / symbolSize }, (_, index) => index * symbolSize)
    .filter((at) => at > 0 && symbols.readUInt16LE(at + 6) === 0)
    .map((at) => {
      const name = symbols.readUInt32LE(at);
      return text.toString('latin1', name, text.indexOf(0, name));
    });
}

// Reads one section out of a 64-bit little-endian ELF object file (elf(5)).

const sectionHeaderSize = 64;

/** @returns {Buffer} the bytes of the section called `name` */
export function readSection(file, name) {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new Error('not a 64-bit little-endian ELF file');
  }
  const tableOffset = Number(file.readBigUInt64LE(0x28));
  const count = file.readUInt16LE(0x3c);
  const namesIndex = file.readUInt16LE(0x3e);
  const sections = Array.from({ length: count }, (_, index) => {
    const header = tableOffset + index * sectionHeaderSize;
    return {
      name: file.readUInt32LE(header),
      offset: Number(file.readBigUInt64LE(header + 0x18)),
      size: Number(file.readBigUInt64LE(header + 0x20)),
    };
  });
  const names = bytesOf(file, sections[namesIndex]);
  const found = sections.find((section) => {
    const end = names.indexOf(0, section.name);
    return names.toString('latin1', section.name, end) === name;
  });
  if (found === undefined) throw new Error(`the object file has no section ${name}`);
  return bytesOf(file, found);
}

function bytesOf(file, { offset, size }) {
  return file.subarray(offset, offset + size);
}

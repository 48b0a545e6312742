import { shown, type Field } from './field.js';

/** The greatest user or group id; the next number means "leave as it is" to chown(2). */
export const greatestId = 0xffff_fffe;

/** 12 bits of a file's mode, in octal digits. */
export function octalMode(text: string, field: Field): number {
  const mode = /^[0-7]{1,5}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  return mode <= 0o7777 ? mode : field.invalid(`${shown(text)} is no octal mode`);
}

/** The number of a user or group, in decimal digits. */
export function ownerId(text: string, field: Field): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return id <= greatestId ? id : field.invalid(`${shown(text)} is no number of a user or group`);
}

const units: Readonly<Record<string, bigint>> = {
  '': 1n,
  k: 1n << 10n,
  m: 1n << 20n,
  g: 1n << 30n,
  t: 1n << 40n,
};

/** A number with k, m, g, t (of 1024) or nothing behind it; at most 2^63 - 1. */
export function sizeText(text: string, field: Field): bigint {
  const [, digits = '', suffix = ''] = /^(\d{1,19})([kmgt]?)$/i.exec(text) ?? [];
  const size = BigInt(digits) * (units[suffix.toLowerCase()] ?? 0n);
  if (digits === '' || size >= 1n << 63n) {
    field.invalid(`${shown(text)} is no number with k, m, g, t or nothing behind it`);
  }
  return size;
}

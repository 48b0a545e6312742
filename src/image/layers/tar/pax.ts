import { ImageError } from '../../error.js';
import type { Time } from './entry.js';

/** One record of a pax extended header. Its value is bytes: those of an attribute may be anything. */
export interface PaxRecord {
  readonly key: string;
  readonly value: Buffer;
}

/**
 * Reads the records of a pax extended header, `LENGTH KEY=VALUE\n` each (POSIX.1-2024 pax, "pax Extended Header").
 *
 * @throws ImageError invalid
 */
export function decodePax(data: Buffer): PaxRecord[] {
  const records: PaxRecord[] = [];
  let at = 0;
  while (at < data.byteLength) {
    const space = data.indexOf(0x20, at);
    const digits = space === -1 || space - at > 8 ? '' : data.toString('latin1', at, space);
    const end = at + Number(digits);
    const equals = data.indexOf(0x3d, space);
    if (
      !/^[1-9][0-9]*$/.test(digits) ||
      end > data.byteLength ||
      data[end - 1] !== 0x0a ||
      equals <= space + 1 ||
      equals >= end
    ) {
      throw new ImageError('invalid', 'tar: an extended header is malformed');
    }
    records.push({
      key: data.toString('latin1', space + 1, equals),
      value: data.subarray(equals + 1, end - 1),
    });
    at = end;
  }
  return records;
}

/** Writes them. Keys are bytes, as names of entries are. */
export function encodePax(records: readonly PaxRecord[]): Buffer {
  return Buffer.concat(
    records.flatMap(({ key, value }) => {
      const rest = 1 + key.length + 1 + value.byteLength + 1;
      let length = rest + String(rest).length;
      if (String(length).length > String(rest).length) length = rest + String(length).length;
      return [Buffer.from(`${length} ${key}=`, 'latin1'), value, Buffer.from('\n')];
    }),
  );
}

/** A whole number of a record. @throws ImageError invalid */
export function paxNumber({ key, value }: PaxRecord): number {
  const text = value.toString('latin1', 0, 24);
  const found = Number(text);
  if (!/^\d+$/.test(text) || value.byteLength > 24 || !Number.isSafeInteger(found)) {
    throw new ImageError('invalid', `tar: ${key} of an extended header is no number`);
  }
  return found;
}

/** A time of a record: seconds with any number of decimals, of which nine count. @throws ImageError invalid */
export function paxTime({ key, value }: PaxRecord): Time {
  const [, sign, whole, decimals = ''] =
    /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(value.toString('latin1', 0, 80)) ?? [];
  if (whole === undefined) throw new ImageError('invalid', `tar: ${key} of an extended header is no time`);
  const nanoseconds = Number(decimals.slice(0, 9).padEnd(9, '0'));
  if (sign !== '-') return { seconds: Number(whole), nanoseconds };
  return nanoseconds === 0
    ? { seconds: 0 - Number(whole), nanoseconds }
    : { seconds: -Number(whole) - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

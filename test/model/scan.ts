// Numbers as the kernel reads them out of options: strtoq(9) and sscanf(9).

/** strtoq(9) in base 10, 8 after "0", 16 after "0x": the number, and what is left. */
export function scanNumber(text: string): { value: bigint; rest: string } | undefined {
  const match = /^\s*([-+]?)(0[xX][0-9a-fA-F]+|[0-9]+)/.exec(text);
  if (match === null) return undefined;
  const [all, sign, digits = ''] = match;
  const octal = /^0[0-7]+/.exec(digits);
  const isOctal = digits.startsWith('0') && digits.length > 1 && !/^0[xX]/.test(digits);
  const used = isOctal ? (octal?.[0] ?? '0') : digits;
  const value = BigInt(isOctal ? `0o${used.slice(1) || '0'}` : used);
  return {
    value: sign === '-' ? -value : value,
    rest: text.slice(all.length - digits.length + used.length),
  };
}

/** A size with k, m, g or t after it: vfs_getopt_size(). Undefined if it is none. */
export function scanSize(text: string): bigint | undefined {
  const number = scanNumber(text);
  if (number === undefined) return undefined;
  const { value, rest } = number;
  if (rest === '') return value;
  const power = ['k', 'm', 'g', 't'].indexOf(rest.toLowerCase());
  return power < 0 ? undefined : value << BigInt(10 * (power + 1));
}

/** sscanf(9) with %d or %ho: what follows the number does not matter. */
export function scanPrefix(text: string, radix: 8 | 10): number | undefined {
  const match = (radix === 8 ? /^\s*([-+]?[0-7]+)/ : /^\s*([-+]?\d+)/).exec(text);
  return match === null ? undefined : Number.parseInt(match[1] ?? '', radix);
}

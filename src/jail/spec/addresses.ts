import { parseIPv4, parseIPv6, formatIPv4, formatIPv6 } from '../../kernel/freebsd/ip.js';
import { maxAddresses } from '../../kernel/freebsd/jail-parameters.js';
import { shown, type Field } from './field.js';
import type { Setting } from './settings.js';

/** Addresses that the kernel refuses without saying why. */
const refused = new Set(['0.0.0.0', '255.255.255.255', '::']);

/** The addresses of a restriction of a jail, in their usual form. */
export function readAddresses(family: 4 | 6, { value, field }: Setting<readonly string[]>): string[] {
  const addresses = value.map((text) => readAddress(family, text, field));
  if (addresses.length > maxAddresses) {
    field.invalid(`${addresses.length} addresses, at most ${maxAddresses}`);
  }
  const twice = addresses.find((address, index) => addresses.indexOf(address) !== index);
  return twice === undefined ? addresses : field.invalid(`${twice} is listed twice`);
}

function readAddress(family: 4 | 6, text: string, field: Field): string {
  let address: string;
  try {
    address = family === 4 ? formatIPv4(parseIPv4('', text)) : formatIPv6(parseIPv6('', text));
  } catch {
    return field.invalid(`${shown(text)} is no IPv${family} address`);
  }
  return refused.has(address) ? field.invalid(`a jail cannot have the address ${address}`) : address;
}

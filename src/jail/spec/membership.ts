import { isIP } from 'node:net';
import { isHostName } from '../../network/hosts-file.js';
import { parsePorts } from '../../network/ports.js';
import type { MembershipPlan } from '../plan/membership.js';
import { listText } from './annotations.js';
import { shown, type Field } from './field.js';

/**
 * What our own annotations say of the network that a container joins: `addresses`, `ports` (as `8080:80, 53:53/udp`) and
 * `aliases`.
 */
export function planMembership(own: (name: string) => Field): MembershipPlan {
  const [addresses, ports, aliases] = [own('addresses'), own('ports'), own('aliases')];
  return {
    addresses: checkedList(addresses, (one) => isIP(one) !== 0, 'an address'),
    ports: ports.present ? readPorts(ports) : [],
    aliases: checkedList(aliases, isHostName, "a host's name"),
  };
}

function checkedList(field: Field, isOne: (text: string) => boolean, what: string): string[] {
  if (!field.present) return [];
  const all = listText(field);
  const wrong = all.find((one) => !isOne(one));
  if (wrong !== undefined) field.invalid(`${shown(wrong)} is not ${what}`);
  return all;
}

function readPorts(field: Field): MembershipPlan['ports'] {
  try {
    return parsePorts('', field.text());
  } catch (error) {
    if (error instanceof RangeError) return field.invalid(error.message.replace(/^: /, ''));
    throw error;
  }
}

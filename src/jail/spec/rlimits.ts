import { rlimitNames, type RlimitName, type RlimitPlan } from '../plan/process.js';
import { shown, type Field } from './field.js';

/** RLIM_INFINITY of sys/resource.h. */
const infinity = (1n << 63n) - 1n;

/** Names that mean the same limit under another name. */
const aliases: Readonly<Record<string, RlimitName>> = { RLIMIT_AS: 'RLIMIT_VMEM' };

/** `process.rlimits`. A limit that FreeBSD does not have is an error, as the runtime-spec asks for. */
export function readRlimits(rlimits: Field): RlimitPlan[] {
  const found = new Map<RlimitName, RlimitPlan>();
  for (const rlimit of rlimits.elements()) {
    const type = rlimit.member('type');
    const name = limitName(type);
    if (found.has(name)) type.invalid(`${name} is there twice`);
    const [soft, hard] = [limit(rlimit.member('soft')), limit(rlimit.member('hard'))];
    // The kernel would lower it without saying so.
    if (soft > hard) rlimit.member('soft').invalid(`${soft.toString()} is above hard, ${hard.toString()}`);
    found.set(name, { name, soft, hard });
  }
  return [...found.values()];
}

function limitName(type: Field): RlimitName {
  const text = type.text();
  const name = Object.hasOwn(aliases, text) ? aliases[text] : rlimitNames.find((one) => one === text);
  return name ?? type.unsupported(`FreeBSD has no limit ${shown(text)}`);
}

/**
 * A JSON number of 64 bits without a sign. Linux writes 2^64 - 1 for no limit; numbers that a double cannot hold
 * exactly are no limit either.
 */
function limit(field: Field): bigint {
  const number = field.integer(0, 2 ** 64);
  return number > Number.MAX_SAFE_INTEGER ? infinity : BigInt(number);
}

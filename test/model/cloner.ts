import { fail, ModelPanic } from './failure.js';
import { newInterface, type Interface, type InterfaceKind } from './interface.js';
import type { System } from './system.js';
import type { Vnet } from './vnet.js';

// if_clone_create() of net/if_clone.c. IF_MAXUNIT is 0x7fff.
const maxUnit = 32_767;

/** The modules that bring the cloners. */
const modules: Readonly<Record<string, string>> = { epair: 'if_epair', bridge: 'if_bridge', tap: 'if_tap' };

/**
 * Makes an interface by the name of its kind, with or without a number.
 *
 * @param data what the caller has in ifr_data
 */
export function createInterface(system: System, vnet: Vnet, asked: string, data: bigint): Interface {
  const [, prefix = '', digits = ''] = /^(epair|bridge|lo|tap)(\d*)$/.exec(asked) ?? fail('EINVAL');
  const kind = prefix as InterfaceKind;
  const module = modules[kind];
  if (module !== undefined && !system.modules.has(module)) fail('EINVAL');
  if (/^0\d/.test(digits)) fail('EINVAL');
  const taken = vnet.units.get(kind) ?? new Set(kind === 'lo' ? [0] : []);
  vnet.units.set(kind, taken);
  const unit = digits === '' ? lowestFree(taken) : Number(digits);
  if (unit > maxUnit) fail('ENOSPC');
  if (taken.has(unit)) fail('EEXIST');
  if (kind === 'epair' && data !== 0n) throw new ModelPanic('SIOCIFCREATE2 of an epair with ifr_data');
  // It stays taken if a name is in the way.
  taken.add(unit);
  return kind === 'epair' ? createPair(system, vnet, unit) : createOne(system, vnet, kind, unit);
}

function lowestFree(taken: ReadonlySet<number>): number {
  let unit = 0;
  while (taken.has(unit)) unit++;
  return unit;
}

function createOne(system: System, vnet: Vnet, kind: InterfaceKind, unit: number): Interface {
  const name = `${kind}${unit}`;
  if (vnet.find(name) !== undefined) fail('EEXIST');
  const address = kind === 'lo' ? new Uint8Array(0) : system.network.newEthernetAddress(unit & 0xff);
  return newInterface(vnet, kind, unit, name, address, true);
}

/** Two halves; the name of the first is what the caller is told. */
function createPair(system: System, vnet: Vnet, unit: number): Interface {
  const [first, second] = [`epair${unit}a`, `epair${unit}b`];
  if (vnet.find(first) !== undefined || vnet.find(second) !== undefined) fail('EEXIST');
  const address = system.network.newEthernetAddress(0x0a);
  const a = newInterface(vnet, 'epair', unit, first, address, true);
  const b = newInterface(vnet, 'epair', unit, second, Uint8Array.of(...address.subarray(0, 5), 0x0b), true);
  a.peer = b;
  b.peer = a;
  return a;
}

import type { Arena, Span } from '../arena.js';
import { readText } from '../layout.js';
import { checkInteger, checkNonEmpty, checkPlainPath, checkText } from './check.js';
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from './ip.js';

const int32Max = 0x7fff_ffff;

/** The most addresses of a family that a jail may have, unless security.jail.jail_max_af_ips was raised. */
export const maxAddresses = 255;

/**
 * How a parameter is encoded for jail_set(2) and jail_get(2). `flag` is present or absent, by its name or the
 * name's "no" form; `mode` is an int of JAIL_SYS_*.
 */
type Encoding =
  | { readonly kind: 'text' | 'path' | 'name'; readonly capacity: number }
  | { readonly kind: 'int'; readonly least: number; readonly most: number }
  | { readonly kind: 'hostid' }
  | { readonly kind: 'flag' }
  | { readonly kind: 'mode'; readonly modes: readonly JailMode[] }
  | { readonly kind: 'ip4' | 'ip6' };

/** JAIL_SYS_DISABLE, JAIL_SYS_NEW, JAIL_SYS_INHERIT in their order. */
const jailModes = ['disable', 'new', 'inherit'] as const;

export type JailMode = (typeof jailModes)[number];

const integer = (least: number, most: number): { kind: 'int'; least: number; most: number } => {
  return { kind: 'int', least, most };
};
const any: { kind: 'mode'; modes: readonly JailMode[] } = { kind: 'mode', modes: jailModes };
const newOrInherit: { kind: 'mode'; modes: readonly JailMode[] } = {
  kind: 'mode',
  modes: ['new', 'inherit'],
};
const flag = { kind: 'flag' } as const;

// Capacities count the NUL: MAXHOSTNAMELEN 256, MAXPATHLEN 1024, HOSTUUIDLEN 64; osrelease takes 30 characters.
const encodings = {
  jid: integer(1, int32Max),
  name: { kind: 'name', capacity: 256 },
  path: { kind: 'path', capacity: 1024 },
  securelevel: integer(-1, 3),
  enforce_statfs: integer(0, 2),
  devfs_ruleset: integer(0, 65535),
  'children.max': integer(0, 999_998),
  osreldate: integer(1, int32Max),
  osrelease: { kind: 'text', capacity: 31 },
  persist: flag,
  host: newOrInherit,
  'host.hostname': { kind: 'text', capacity: 256 },
  'host.domainname': { kind: 'text', capacity: 256 },
  'host.hostuuid': { kind: 'text', capacity: 64 },
  'host.hostid': { kind: 'hostid' },
  vnet: newOrInherit,
  ip4: any,
  ip6: any,
  'ip4.addr': { kind: 'ip4' },
  'ip6.addr': { kind: 'ip6' },
  'ip4.saddrsel': flag,
  'ip6.saddrsel': flag,
  sysvmsg: any,
  sysvsem: any,
  sysvshm: any,
  linux: any,
  'linux.osname': { kind: 'text', capacity: 65 },
  'linux.osrelease': { kind: 'text', capacity: 65 },
  'linux.oss_version': integer(0, int32Max),
} as const satisfies Readonly<Record<string, Encoding>>;

/** Parameters that can be read only. */
const readable = {
  parent: integer(0, int32Max),
  'children.cur': integer(0, int32Max),
  'cpuset.id': integer(0, int32Max),
  dying: flag,
} as const satisfies Readonly<Record<string, Encoding>>;

type ValueOf<E extends Encoding> = E extends { kind: 'text' | 'path' | 'name' }
  ? string
  : E extends { kind: 'int' }
    ? number
    : E extends { kind: 'hostid' }
      ? bigint
      : E extends { kind: 'flag' }
        ? boolean
        : E extends { kind: 'mode' }
          ? JailMode
          : readonly string[];

/** allow.raw_sockets, allow.mount.nullfs and so on: which there are depends on the release and on loaded modules. */
export type AllowName = `allow.${string}`;

/** The parameters of a jail, by the names that jail(8) gives them. */
export type JailParameters = {
  readonly [N in keyof typeof encodings]?: ValueOf<(typeof encodings)[N]>;
} & Readonly<Record<AllowName, boolean>>;

/** The parameters of a jail that can be read. */
export type JailValues = JailParameters & {
  readonly [N in keyof typeof readable]?: ValueOf<(typeof readable)[N]>;
};

export type JailValueName = keyof typeof encodings | keyof typeof readable | AllowName;

/**
 * The parameters as jail_set(2) wants them: a name and a value for each, to be turned into iovecs.
 *
 * @throws RangeError naming the parameter
 */
export function encodeJailParameters(arena: Arena, parameters: JailParameters): (Span | null)[] {
  const entries: [string, unknown][] = Object.entries(parameters);
  return entries.flatMap(([name, value]) => {
    if (value === undefined) return [];
    const encoding = encodingOf(name);
    if (encoding.kind === 'flag') {
      if (typeof value !== 'boolean') throw new RangeError(`${name}: neither true nor false`);
      return [arena.textSpan(value ? name : noForm(name), 'parameter'), null];
    }
    return [arena.textSpan(name, 'parameter'), encodeValue(arena, name, encoding, value)];
  });
}

/** A jail_get(2) parameter whose value the kernel writes. */
export interface Wanted {
  readonly name: Span;
  readonly value: Span;
  /** @param length what the kernel says that the value's length is */
  decode(arena: Uint8Array, length: number): JailValues[JailValueName];
}

/** Room for a parameter's value, of the size that jail_get(2) insists on. Throws a RangeError. */
export function wantJailParameter(arena: Arena, name: JailValueName): Wanted {
  const encoding = encodingOf(name);
  const length = capacityOf(encoding);
  const value = { offset: arena.reserve(length), length };
  return {
    name: arena.textSpan(name, 'parameter'),
    value,
    decode: (bytes, actual) => {
      const from = value.offset;
      return decodeValue(encoding, bytes.subarray(from, from + Math.min(actual, length)));
    },
  };
}

/**
 * A name for a jail: not empty, at most 255 bytes with its parents', nothing that reads as a number, no empty part
 * between dots, no control characters. A dot puts the jail below another one. Throws a RangeError.
 */
export function checkJailName(what: string, value: string): string {
  checkNonEmpty(what, value, encodings.name.capacity);
  const parts = value.split('.');
  if (parts.includes('')) throw new RangeError(`${what}: '${value}' has an empty part`);
  // The kernel reads the last part with strtoul(3): blanks and a sign may come first.
  if (/^\s*[-+]?\d+$/.test(parts.at(-1) ?? '')) throw new RangeError(`${what}: '${value}' is numeric`);
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(value)) throw new RangeError(`${what}: contains a control character`);
  return value;
}

/** More than any kernel has, the NUL included. */
const parameterCapacity = 128;

function encodingOf(name: string): Encoding {
  const known: Readonly<Record<string, Encoding>> = { ...encodings, ...readable };
  if (Object.hasOwn(known, name)) return known[name] ?? flag;
  checkText('jail parameter', name, parameterCapacity);
  // The "no" form is for false; taking it as a name would turn a permission around.
  if (/^allow(\.(?!no)[a-z][a-z0-9_]*)+$/.test(name)) return flag;
  throw new RangeError(`${name}: not a jail parameter`);
}

function noForm(name: string): string {
  const dot = name.lastIndexOf('.') + 1;
  return `${name.slice(0, dot)}no${name.slice(dot)}`;
}

function encodeValue(arena: Arena, name: string, encoding: Encoding, value: unknown): Span {
  const wrong = (): never => {
    throw new RangeError(`${name}: not a value that this parameter takes`);
  };
  const text = (): string => (typeof value === 'string' ? value : wrong());
  switch (encoding.kind) {
    case 'text':
      return arena.textSpan(checkText(name, text(), encoding.capacity), name);
    case 'name':
      return arena.textSpan(checkJailName(name, text()), name);
    case 'path':
      return arena.textSpan(checkPlainPath(name, text(), encoding.capacity), name);
    case 'int': {
      const number = typeof value === 'number' ? value : wrong();
      return int(arena, name, checkInteger(name, number, encoding.least, encoding.most));
    }
    case 'hostid': {
      if (typeof value !== 'bigint') return wrong();
      return { offset: arena.scalar('u64', value, name), length: 8 };
    }
    case 'mode': {
      const mode = encoding.modes.find((candidate) => candidate === value) ?? wrong();
      return int(arena, name, jailModes.indexOf(mode));
    }
    case 'ip4':
    case 'ip6': {
      if (!Array.isArray(value)) return wrong();
      return addresses(arena, name, encoding.kind, value as readonly string[]);
    }
    case 'flag':
      return wrong();
  }
}

function int(arena: Arena, name: string, value: number): Span {
  return { offset: arena.scalar('i32', value, name), length: 4 };
}

function addresses(arena: Arena, name: string, kind: 'ip4' | 'ip6', list: readonly string[]): Span {
  if (list.length > maxAddresses)
    throw new RangeError(`${name}: ${list.length} addresses, at most ${maxAddresses}`);
  const parsed = list.map((text) =>
    Buffer.from(kind === 'ip4' ? parseIPv4(name, text) : parseIPv6(name, text)),
  );
  const seen = new Set(parsed.map((address) => address.toString('hex')));
  if (seen.size !== parsed.length) throw new RangeError(`${name}: an address is listed twice`);
  const bytes = Buffer.concat(parsed);
  return { offset: arena.bytes(bytes), length: bytes.byteLength };
}

function capacityOf(encoding: Encoding): number {
  switch (encoding.kind) {
    case 'text':
    case 'name':
    case 'path':
      // jail_get(2) refuses a buffer that is too small, so the limit of what jail_set(2) takes is no guide.
      return Math.max(encoding.capacity, 256);
    case 'hostid':
      return 8;
    case 'ip4':
      return maxAddresses * 4;
    case 'ip6':
      return maxAddresses * 16;
    default:
      return 4;
  }
}

function decodeValue(encoding: Encoding, bytes: Uint8Array): JailValues[JailValueName] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const list = (size: number): Uint8Array[] => {
    return Array.from({ length: Math.floor(bytes.byteLength / size) }, (_, index) => {
      return bytes.subarray(index * size, (index + 1) * size);
    });
  };
  switch (encoding.kind) {
    case 'text':
    case 'name':
    case 'path':
      return readText(bytes);
    case 'int':
      return view.getInt32(0, true);
    case 'hostid':
      return view.getBigUint64(0, true);
    case 'flag':
      return view.getInt32(0, true) !== 0;
    case 'mode': {
      const mode = jailModes[view.getInt32(0, true)];
      if (mode === undefined) throw new Error(`jail_get: ${view.getInt32(0, true)} is none of JAIL_SYS_*`);
      return mode;
    }
    case 'ip4':
      return list(4).map(formatIPv4);
    case 'ip6':
      return list(16).map(formatIPv6);
  }
}

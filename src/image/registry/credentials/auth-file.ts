import { readFile, stat } from 'node:fs/promises';
import { reason } from '../../../runtime/error.js';
import { ImageError } from '../../error.js';
import type { Credentials } from './credentials.js';

/** A file of credentials as Docker (config.json) and Podman (auth.json) have it. */
export interface AuthFile {
  readonly path: string;
  /** by registry, or registry and the beginning of a repository */
  readonly auths: ReadonlyMap<string, Credentials | 'empty'>;
  /** helpers by registry */
  readonly helpers: ReadonlyMap<string, string>;
  /** the helper for all others */
  readonly store?: string;
  /** the document as it came */
  readonly document: Readonly<Record<string, unknown>>;
}

const largest = 1024 * 1024;

/**
 * @returns undefined when there is no such file
 * @throws ImageError invalid, naming the file and never what is in it
 */
export async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  let text: string;
  try {
    if ((await stat(path)).size > largest) throw invalid(path, 'is too large');
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ImageError('failed', `credentials ${path}: ${reason(error)}`, { cause: error });
  }
  return parseAuthFile(text, path);
}

export function parseAuthFile(text: string, path: string): AuthFile {
  let document: unknown;
  try {
    document = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw invalid(path, 'is no JSON'); // the parser's words quote the file
  }
  const found = table(document, path, 'the document');
  const auths = Object.entries(table(found['auths'] ?? {}, path, 'auths')).map(
    ([key, value]) => [serverOf(key), readAuth(table(value, path, 'a member of auths'), path)] as const,
  );
  const helpers = Object.entries(table(found['credHelpers'] ?? {}, path, 'credHelpers')).map(
    ([key, value]) => [serverOf(key), helperName(value, path)] as const,
  );
  const store = found['credsStore'];
  return {
    path,
    auths: new Map(auths),
    helpers: new Map(helpers),
    ...(store !== undefined && store !== '' && { store: helperName(store, path) }),
    document: found,
  };
}

/** Docker's keys for its hub, and old forms for others, are addresses: `https://index.docker.io/v1/`. */
export function serverOf(key: string): string {
  const bare = key.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const server = bare.replace(/\/v[12]$/, '');
  return server === 'index.docker.io' || server === 'registry-1.docker.io' ? 'docker.io' : server;
}

function readAuth(found: Readonly<Record<string, unknown>>, path: string): Credentials | 'empty' {
  const word = (name: string): string => {
    const value = found[name];
    return typeof value === 'string' ? value : '';
  };
  const source = path;
  if (word('identitytoken') !== '') return { kind: 'identity', token: word('identitytoken'), source };
  if (word('registrytoken') !== '') return { kind: 'token', token: word('registrytoken'), source };
  if (word('auth') !== '') {
    // Docker pads with NULs.
    const pair = Buffer.from(word('auth'), 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = pair.indexOf(':');
    if (colon < 1) throw invalid(path, 'has an auth that is not the base64 of user:password');
    return { kind: 'password', user: pair.slice(0, colon), password: pair.slice(colon + 1), source };
  }
  if (word('username') === '') return 'empty'; // of Docker where a helper has it
  return { kind: 'password', user: word('username'), password: word('password'), source };
}

/** A part of a program's name, never a path. */
function helperName(value: unknown, path: string): string {
  if (typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value)) return value;
  throw invalid(path, `names a credential helper that is no program's name`);
}

function table(value: unknown, path: string, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw invalid(path, `is wrong: ${what} is no object`);
}

const invalid = (path: string, why: string): ImageError =>
  new ImageError('invalid', `credentials ${path}: it ${why}`);

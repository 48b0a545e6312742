import { invalid, quote } from './quote.js';

/** Where a stream goes: what the three strings of a Create or Exec request can say. */
export type Destination =
  | { readonly kind: 'null' }
  /** A FIFO of the client, or an existing regular file. */
  | { readonly kind: 'path'; readonly path: string }
  /** A log file, made when missing. */
  | { readonly kind: 'file'; readonly path: string }
  /** A logging program; `strict` (binary-v2): it must write a byte when it is ready, closing is not enough. */
  | {
      readonly kind: 'binary';
      readonly program: string;
      readonly args: readonly string[];
      readonly strict: boolean;
    };

// RFC 3986, 3. Not the URL class: it would resolve dot segments and take `file://C|/` for a drive.
const URI = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/i;

/**
 * Reads one of a request's stdio strings: empty, an absolute path, or a URI with the scheme `fifo`, `file`, `binary`
 * or `binary-v2`. Throws an Error that names the string and what is wrong with it.
 *
 * @param pathMax PATH_MAX of the host: bytes of a path with its final NUL
 */
export function parseDestination(value: string, pathMax: number): Destination {
  if (value === '') return { kind: 'null' };
  if (value.startsWith('/')) return pathDestination('path', value, value, pathMax);

  const match = URI.exec(value);
  if (match === null) throw invalid(`${quote(value)} is not an absolute path`);
  const [, scheme = '', host = '', rawPath = '', query = ''] = match;
  switch (scheme.toLowerCase()) {
    case 'fifo':
      return pathDestination('path', uriPath(value, host, rawPath), value, pathMax);
    case 'file':
      return pathDestination('file', uriPath(value, host, rawPath), value, pathMax);
    case 'binary':
    case 'binary-v2': {
      const program = checkPath(uriPath(value, host, rawPath), value, pathMax);
      const args = queryArguments(query, value);
      if (args.some((arg) => arg.includes('\0'))) throw invalid(`${quote(value)} has a NUL byte`);
      return { kind: 'binary', program, args, strict: scheme.toLowerCase() === 'binary-v2' };
    }
    default:
      throw invalid(`${quote(value)} has the unknown scheme ${quote(scheme)}`);
  }
}

function pathDestination(kind: 'path' | 'file', path: string, value: string, pathMax: number): Destination {
  // The one device that means something here; opening any other could have effects of its own.
  return checkPath(path, value, pathMax) === '/dev/null' ? { kind: 'null' } : { kind, path };
}

function uriPath(value: string, host: string, rawPath: string): string {
  if (host !== '') throw invalid(`${quote(value)} names a host, ${quote(host)}; three slashes begin a path`);
  return decode(rawPath, value);
}

function checkPath(path: string, value: string, pathMax: number): string {
  if (!path.startsWith('/')) throw invalid(`${quote(value)} has no absolute path`);
  if (path.includes('\0')) throw invalid(`${quote(value)} has a NUL byte`);
  const length = Buffer.byteLength(path);
  if (length >= pathMax) {
    throw invalid(`${quote(value)} has a path of ${length} bytes; the limit is ${pathMax - 1}`);
  }
  return path;
}

/** Each key followed by its first value, as two arguments even when the value is empty, in the order written. */
function queryArguments(query: string, value: string): string[] {
  const pairs = new Map<string, string>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const [key = '', ...rest] = pair.replaceAll('+', ' ').split('=');
    const name = decode(key, value);
    if (!pairs.has(name)) pairs.set(name, decode(rest.join('='), value));
  }
  return [...pairs].flat();
}

function decode(text: string, value: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw invalid(`${quote(value)} has a malformed percent escape`, { cause });
  }
}

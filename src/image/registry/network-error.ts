import { oneLine, reason } from '../../runtime/error.js';
import { ImageError } from '../error.js';
import { RequestError } from './problem.js';

// How connections fail, in words; by code of Node.js, OpenSSL or undici. Whether it may go better in a moment is told too.
const failures = new Map<string, readonly [string, 'transient' | 'lasting']>([
  ['ENOTFOUND', ['there is no such host', 'lasting']],
  ['EAI_AGAIN', ['its name cannot be resolved at present', 'transient']],
  ['ECONNREFUSED', ['connection refused', 'lasting']],
  ['ECONNRESET', ['the connection was reset', 'transient']],
  ['EPIPE', ['the connection was closed', 'transient']],
  ['ETIMEDOUT', ['no answer', 'transient']],
  ['EHOSTUNREACH', ['no route to the host', 'lasting']],
  ['ENETUNREACH', ['no route to the network', 'lasting']],
  ['UND_ERR_SOCKET', ['the connection broke', 'transient']],
  ['UND_ERR_CONNECT_TIMEOUT', ['no connection in time', 'transient']],
  ['UND_ERR_HEADERS_TIMEOUT', ['no answer in time', 'transient']],
  ['UND_ERR_BODY_TIMEOUT', ['the answer stopped coming', 'transient']],
  ['UND_ERR_HEADERS_OVERFLOW', ['the header of the answer is too large', 'lasting']],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', ['the answer has not the length that it said', 'transient']],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    ['its certificate is signed by itself (ca_file names whom to trust)', 'lasting'],
  ],
  [
    'SELF_SIGNED_CERT_IN_CHAIN',
    ['its certificate is of an unknown authority (ca_file names whom to trust)', 'lasting'],
  ],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ['its certificate is of an unknown authority (ca_file names whom to trust)', 'lasting'],
  ],
  [
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    ['its certificate is of an unknown authority (ca_file names whom to trust)', 'lasting'],
  ],
  ['CERT_HAS_EXPIRED', ['its certificate has expired', 'lasting']],
  ['CERT_NOT_YET_VALID', ['its certificate is not valid yet', 'lasting']],
  ['ERR_TLS_CERT_ALTNAME_INVALID', ['its certificate is for another host', 'lasting']],
  ['ERR_SSL_WRONG_VERSION_NUMBER', ['it does not speak TLS (plain_http allows HTTP)', 'lasting']],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', ['it does not speak TLS (plain_http allows HTTP)', 'lasting']],
]);

const noTls = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO']);

/** All codes in an error and its causes. */
function codesOf(error: unknown): readonly string[] {
  const codes: string[] = [];
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth += 1) {
    const { code } = each as NodeJS.ErrnoException;
    if (typeof code === 'string') codes.push(code);
    const [first] = each instanceof AggregateError ? (each.errors as unknown[]) : [];
    if (first !== undefined) codes.push(...codesOf(first));
  }
  return codes;
}

export const speaksNoTls = (error: unknown): boolean => codesOf(error).some((code) => noTls.has(code));

/** undici's, whose code may be left out. */
const isParserError = (error: unknown): boolean => error instanceof Error && error.name === 'HTTPParserError';

/** What the network, TLS or HTTP failed with, as an error of this folder; `what` names the work. */
export function networkError(error: unknown, what: string, host: string, signal?: AbortSignal): ImageError {
  if (signal?.aborted === true) return new ImageError('cancelled', `${what}: cancelled`, { cause: error });
  if (error instanceof ImageError) return error;
  const codes = codesOf(error);
  const known = codes.map((code) => failures.get(code)).find((found) => found !== undefined);
  if (known !== undefined) {
    const [words, lasts] = known;
    return new RequestError('unreachable', oneLine(`${what}: ${host}: ${words}`), {
      transient: lasts === 'transient',
      cause: error,
    });
  }
  const words = isParserError(error) ? 'its answer is no HTTP' : reason(error);
  return new RequestError('unreachable', oneLine(`${what}: ${host}: ${words}`), { cause: error });
}

import { oneLine } from '../../runtime/error.js';
import { ImageError } from '../error.js';
import { readWhole } from './bounded.js';
import { basicOf, type Credentials } from './credentials/credentials.js';
import { isLoopback, type Endpoint } from './endpoint.js';
import { sendFollowing } from './follow.js';
import { networkError } from './network-error.js';
import { explanationOf, retryAfterOf, statusError } from './problem.js';
import type { Answer, Sent, Transport } from './transport.js';

/** A bearer token; `until` is on the clock of Date.now. */
export interface Token {
  readonly token: string;
  readonly until: number;
}

/** What a registry says of its token server. */
export interface Realm {
  readonly url: URL;
  readonly service: string | undefined;
}

const longest = 1024 * 1024;
/** Docker's token specification: a server that names no time means this one. */
const usualSeconds = 60;
/** A token that is about to end may have ended when it arrives. */
const margin = 10_000;

/** @throws ImageError unauthorized when credentials would go over the network in clear that came by HTTPS */
export function realmOf(parameters: ReadonlyMap<string, string>, endpoint: Endpoint): Realm {
  const realm = parameters.get('realm') ?? '';
  const service = parameters.get('service');
  const wrong = (why: string): never => {
    throw new ImageError('unauthorized', oneLine(`${endpoint.host} names a token server that ${why}`));
  };
  if (!URL.canParse(realm)) return wrong('is no web address');
  const url = new URL(realm);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return wrong('is no web address');
  if (url.protocol === 'http:' && endpoint.scheme === 'https' && !isLoopback(url.host)) {
    return wrong(`has no HTTPS (${url.host})`);
  }
  if (url.username !== '' || url.password !== '') return wrong('is given with a password');
  return { url, service };
}

/**
 * Gets a token (distribution, "Token Authentication" and "OAuth2 Token Authentication").
 *
 * @throws ImageError unauthorized, unreachable, invalid, cancelled
 */
export async function fetchToken(
  transport: Transport,
  realm: Realm,
  scopes: readonly string[],
  credentials: Credentials | undefined,
  signal?: AbortSignal,
): Promise<Token> {
  const what = 'getting a token';
  const { host } = realm.url;
  try {
    const asked = Date.now();
    const answer = await ask(transport, realm, scopes, credentials, signal, what);
    const document = (await readWhole(answer.body, longest, `${what}: the answer of ${host}`)).toString();
    if (answer.status !== 200) {
      const retryAfter = retryAfterOf(answer.header('retry-after'), Date.now());
      throw statusError(what, host, answer.status, explanationOf(document), retryAfter);
    }
    return parseToken(document, asked, `${what}: the answer of ${host}`);
  } catch (error) {
    throw networkError(error, what, host, signal);
  }
}

function ask(
  transport: Transport,
  { url, service }: Realm,
  scopes: readonly string[],
  credentials: Credentials | undefined,
  signal: AbortSignal | undefined,
  what: string,
): Promise<Answer> {
  if (credentials?.kind === 'identity') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'containerd-shim-jail',
      refresh_token: credentials.token,
      service: service ?? url.host,
      scope: scopes.join(' '),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const sent: Sent = { method: 'POST', headers, body: form.toString(), signal };
    return transport.send(url.host, url, sent);
  }
  const query = new URL(url);
  if (service !== undefined) query.searchParams.set('service', service);
  for (const scope of scopes) query.searchParams.append('scope', scope);
  if (credentials?.kind !== 'password') {
    return sendFollowing(transport, url.host, query, { method: 'GET', headers: {}, signal }, what);
  }
  query.searchParams.set('account', credentials.user);
  const headers = { authorization: basicOf(credentials.user, credentials.password) };
  return sendFollowing(transport, url.host, query, { method: 'GET', headers, signal }, what);
}

/** @throws ImageError invalid */
export function parseToken(document: string, asked: number, where: string): Token {
  let found: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(document);
    if (typeof parsed === 'object' && parsed !== null) found = parsed as Record<string, unknown>;
  } catch {
    // What it is instead may hold a secret, and is not shown.
    throw new ImageError('invalid', `${where} is no JSON`);
  }
  const given = [found['token'], found['access_token']].find(
    (each) => typeof each === 'string' && each !== '',
  );
  // As in a header; RFC 6750 allows fewer characters, but servers send others.
  if (typeof given !== 'string' || !/^[\x21-\x7e]+$/.test(given)) {
    throw new ImageError('invalid', `${where} has no token`);
  }
  const seconds = found['expires_in'];
  const lasts = typeof seconds === 'number' && seconds > 0 ? Math.min(seconds, 86_400) : usualSeconds;
  return { token: given, until: asked + Math.max(lasts * 1000 - margin, lasts * 500) };
}

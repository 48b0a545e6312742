import { oneLine } from '../../runtime/error.js';
import { ImageError } from '../error.js';
import { parseChallenges } from './challenge.js';
import { basicOf, type Credentials, type FindCredentials } from './credentials/credentials.js';
import type { Endpoint } from './endpoint.js';
import { fetchToken, realmOf, type Realm, type Token } from './token.js';
import type { Transport } from './transport.js';

/** What is known of how an endpoint wants to be told who we are. */
type Way = { readonly scheme: 'basic' } | { readonly scheme: 'bearer'; readonly realm: Realm };

/** What a request may do, as token servers want it: `repository:NAME:pull,push`. */
export interface Access {
  readonly repository: string;
  readonly scopes: readonly string[];
}

export const mayPull = (repository: string): string => `repository:${repository}:pull`;
export const mayPush = (repository: string): string => `repository:${repository}:pull,push`;

const keyOf = ({ authority }: Endpoint, { repository, scopes }: Access): string =>
  JSON.stringify([authority, repository, ...scopes]);

const scopeForm = /^[\x21-\x7e]{1,512}$/;

/** Says to endpoints who we are, in the way that each asked for. Credentials and tokens stay in here. */
export class Authorizer {
  readonly #transport: Transport;
  readonly #find: FindCredentials;
  readonly #ways = new Map<string, Way>();
  readonly #credentials = new Map<string, Promise<Credentials | undefined>>();
  readonly #tokens = new Map<string, Promise<Token>>();
  /** scopes that endpoints wanted beside those that were asked for */
  readonly #more = new Map<string, readonly string[]>();

  constructor(transport: Transport, find: FindCredentials) {
    this.#transport = transport;
    this.#find = find;
  }

  /** The header for a request: undefined as long as the endpoint did not ask. @throws ImageError */
  async header(endpoint: Endpoint, access: Access, signal?: AbortSignal): Promise<string | undefined> {
    const way = this.#ways.get(endpoint.authority);
    if (way === undefined) return undefined;
    const credentials = await this.#credentialsFor(endpoint, access);
    if (credentials?.kind === 'token') return `Bearer ${credentials.token}`;
    if (way.scheme === 'basic') {
      if (credentials?.kind !== 'password') throw this.#without(endpoint);
      return basicOf(credentials.user, credentials.password);
    }
    const scopes = [...access.scopes, ...(this.#more.get(keyOf(endpoint, access)) ?? [])];
    return `Bearer ${await this.#token(endpoint, way.realm, scopes, credentials, signal)}`;
  }

  /**
   * Takes note of an answer 401.
   *
   * @param sent the header that was refused, which is not to be used again
   * @throws ImageError unauthorized when nothing can be sent that would help
   */
  async challenged(
    endpoint: Endpoint,
    access: Access,
    challenge: string,
    sent: string | undefined,
  ): Promise<void> {
    const challenges = parseChallenges(challenge);
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const basic = challenges.some(({ scheme }) => scheme === 'basic');
    if (bearer === undefined && !basic) {
      const offered = challenges.map(({ scheme }) => scheme).join(', ') || 'no way';
      const how = oneLine(offered.slice(0, 100));
      throw new ImageError('unauthorized', `${endpoint.host} wants to know who asks, and offers ${how}`);
    }
    this.#ways.set(
      endpoint.authority,
      bearer === undefined
        ? { scheme: 'basic' }
        : { scheme: 'bearer', realm: realmOf(bearer.parameters, endpoint) },
    );
    for (const [key, token] of this.#tokens) {
      if (sent === `Bearer ${(await token.catch(() => undefined))?.token ?? ''}`) this.#tokens.delete(key);
    }
    if (bearer === undefined && sent !== undefined) {
      throw this.#refused(endpoint, await this.#credentialsFor(endpoint, access));
    }
    const wanted = bearer?.parameters.get('scope')?.split(' ') ?? [];
    this.#more.set(keyOf(endpoint, access), wanted.filter((scope) => scopeForm.test(scope)).slice(0, 8));
  }

  /** What to say of a 401 or 403 that stays. */
  async explain(endpoint: Endpoint, access: Access): Promise<string> {
    const credentials = await this.#credentialsFor(endpoint, access).catch(() => undefined);
    if (credentials === undefined) return `there are no credentials for ${endpoint.host}`;
    const who = credentials.kind === 'password' ? `user ${JSON.stringify(credentials.user)}` : 'a token';
    return oneLine(`asked as ${who} of ${credentials.source}`);
  }

  #refused(endpoint: Endpoint, credentials: Credentials | undefined): ImageError {
    const who = credentials?.kind === 'password' ? ` of user ${JSON.stringify(credentials.user)}` : '';
    const from = credentials === undefined ? '' : ` (${credentials.source})`;
    return new ImageError('unauthorized', oneLine(`${endpoint.host} refuses the credentials${who}${from}`));
  }

  #without(endpoint: Endpoint): ImageError {
    return new ImageError('unauthorized', `${endpoint.host} wants credentials, and there are none for it`);
  }

  #credentialsFor(endpoint: Endpoint, { repository }: Access): Promise<Credentials | undefined> {
    const key = `${endpoint.host}/${repository}`;
    let found = this.#credentials.get(key);
    if (found === undefined) {
      found = this.#find(endpoint.host, repository);
      this.#credentials.set(key, found);
    }
    return found;
  }

  /** One of those that are there, or a new one; requests at the same time share it. */
  async #token(
    endpoint: Endpoint,
    realm: Realm,
    scopes: readonly string[],
    credentials: Credentials | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const wanted = [...new Set(scopes)].sort();
    const key = JSON.stringify([endpoint.authority, realm.url.href, realm.service, ...wanted]);
    const there = await this.#tokens.get(key)?.catch(() => undefined);
    if (there !== undefined && there.until > Date.now()) return there.token;
    const fetched = fetchToken(this.#transport, realm, wanted, credentials, signal);
    this.#tokens.set(key, fetched);
    try {
      return (await fetched).token;
    } catch (error) {
      if (this.#tokens.get(key) === fetched) this.#tokens.delete(key);
      if (!(error instanceof ImageError) || error.kind !== 'unauthorized') throw error;
      throw credentials === undefined ? this.#without(endpoint) : this.#refused(endpoint, credentials);
    }
  }
}

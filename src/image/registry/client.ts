import type { Readable } from 'node:stream';
import { oneLine } from '../../runtime/error.js';
import { Authorizer, type Access } from './authorizer.js';
import { readWhole } from './bounded.js';
import type { FindCredentials } from './credentials/credentials.js';
import { originOf, sourcesOf, type Endpoint } from './endpoint.js';
import { sendFollowing } from './follow.js';
import { networkError, speaksNoTls } from './network-error.js';
import { explanationOf, RequestError, retryAfterOf, statusError } from './problem.js';
import { retrying, wait, type Wait } from './retry.js';
import type { RegistrySettings } from './settings.js';
import { Transport, usualTimeouts, type Answer, type Sent, type Timeouts } from './transport.js';

export interface ClientOptions {
  readonly settings: RegistrySettings;
  readonly credentials: FindCredentials;
  /** for HTTP_PROXY, HTTPS_PROXY and NO_PROXY */
  readonly environment: NodeJS.ProcessEnv;
  /** is told what an administrator should know, in one line */
  readonly warn: (line: string) => void;
  readonly timeouts?: Timeouts;
  readonly wait?: Wait;
}

/** A request to the API of a registry. */
export interface Call {
  /** for messages: what is being done, to what */
  readonly what: string;
  readonly method: Sent['method'];
  /** under the endpoint, as `/v2/…`, or whole where the registry told where to go on */
  readonly path: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** made anew for each time that it is sent */
  readonly body?: () => Readable | Buffer;
  readonly access: Access;
  /** the answers that are no errors */
  readonly expect: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** An explanation of a registry is short. */
const longestExplanation = 64 * 1024;

/** Talks to registries; remembers tokens and connections. To be closed. */
export class RegistryClient {
  readonly pause: Wait;
  readonly #settings: RegistrySettings;
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;
  /** authorities of this machine that were found to speak no TLS */
  readonly #plain = new Set<string>();

  constructor({ settings, credentials, environment, warn, timeouts, wait: pause }: ClientOptions) {
    this.pause = pause ?? wait;
    this.#settings = settings;
    this.#transport = new Transport(settings, environment, timeouts ?? usualTimeouts, warn);
    this.#authorizer = new Authorizer(this.#transport, credentials);
  }

  /** Where pulls are tried, in order. */
  sources(registry: string): readonly [Endpoint, ...Endpoint[]] {
    return sourcesOf(registry, this.#settings);
  }

  origin(registry: string): Endpoint {
    return originOf(registry, this.#settings);
  }

  /** Sends once, but for being asked who we are. @throws ImageError unless the answer is expected */
  async once(endpoint: Endpoint, call: Call): Promise<Answer> {
    try {
      return await this.#expected(endpoint, call);
    } catch (error) {
      throw networkError(error, call.what, endpoint.host, call.signal);
    }
  }

  /** Sends until there is an answer, a few times at most: only for what may arrive twice. @throws ImageError */
  async send(endpoint: Endpoint, call: Call): Promise<Answer> {
    return retrying(this.pause, call.signal, () => this.once(endpoint, call));
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  /** The base of an endpoint's addresses. */
  baseOf({ scheme, authority, path }: Endpoint): URL {
    const plain = scheme === 'http' || (scheme === 'auto' && this.#plain.has(authority));
    return new URL(`${plain ? 'http' : 'https'}://${authority}${path}`);
  }

  async #expected(endpoint: Endpoint, call: Call): Promise<Answer> {
    const answer = await this.#authorized(endpoint, call);
    if (call.expect.includes(answer.status)) return answer;
    const { status } = answer;
    let said = '';
    if (call.method === 'HEAD') await answer.drop();
    else said = await explanation(answer);
    if (status === 401 || status === 403) {
      const who = await this.#authorizer.explain(endpoint, call.access);
      said = said === '' ? who : `${said}; ${who}`;
    }
    const retryAfter = retryAfterOf(answer.header('retry-after'), Date.now());
    throw statusError(call.what, endpoint.host, status, said, retryAfter);
  }

  /** An endpoint may say what it wants; twice, since a token that is kept may have ended. */
  async #authorized(endpoint: Endpoint, call: Call): Promise<Answer> {
    for (let asked = 0; ; asked += 1) {
      const header = await this.#authorizer.header(endpoint, call.access, call.signal);
      const answer = await this.#reached(endpoint, call, header);
      const challenge = answer.header('www-authenticate');
      const foreign = answer.url.origin !== this.#address(endpoint, call).origin;
      if (answer.status !== 401 || challenge === undefined || foreign || asked === 2) return answer;
      await answer.drop();
      await this.#authorizer.challenged(endpoint, call.access, challenge, header);
    }
  }

  #address(endpoint: Endpoint, { path }: Call): URL {
    if (path instanceof URL) return path;
    const base = this.baseOf(endpoint);
    return new URL(base.pathname.replace(/\/$/, '') + path, base);
  }

  async #reached(endpoint: Endpoint, call: Call, authorization: string | undefined): Promise<Answer> {
    const url = this.#address(endpoint, call);
    const own = url.origin === this.baseOf(endpoint).origin;
    const headers = { ...call.headers, ...(own && authorization !== undefined && { authorization }) };
    const body = call.body?.();
    const sent: Sent = { method: call.method, headers, signal: call.signal, ...(body && { body }) };
    const host = own ? endpoint.host : url.host;
    try {
      if (call.method === 'GET' || call.method === 'HEAD') {
        return await sendFollowing(this.#transport, host, url, sent, call.what);
      }
      return await this.#transport.send(host, url, sent);
    } catch (error) {
      // Several requests may find out at the same time. Where the registry says where to go on is final.
      const isFirst = endpoint.scheme === 'auto' && url.protocol === 'https:' && !(call.path instanceof URL);
      if (!isFirst || !speaksNoTls(error)) throw error;
      this.#plain.add(endpoint.authority);
      return this.#reached(endpoint, call, authorization);
    }
  }
}

async function explanation(answer: Answer): Promise<string> {
  try {
    return explanationOf((await readWhole(answer.body, longestExplanation, 'explanation')).toString());
  } catch (error) {
    // The status says the most; that its explanation broke off is worth a word.
    return error instanceof RequestError ? oneLine(error.message) : '';
  }
}

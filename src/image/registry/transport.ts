import type { Readable } from 'node:stream';
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici';
import { isLoopback } from './endpoint.js';
import { readCertificates, usualSetting, type RegistrySettings } from './settings.js';

/** Milliseconds that a server may take: to accept a connection, to answer, and between two pieces of an answer. */
export interface Timeouts {
  readonly connect: number;
  readonly headers: number;
  readonly idle: number;
}

export const usualTimeouts: Timeouts = { connect: 15_000, headers: 60_000, idle: 60_000 };

/** What a server answered. The body is to be read whole, or dropped. */
export interface Answer {
  readonly url: URL;
  readonly status: number;
  /** of several of the same name, all, with commas; the name is in lower case */
  readonly header: (name: string) => string | undefined;
  readonly body: Readable & AsyncIterable<Uint8Array>;
  /** reads what is little, and closes the connection on more */
  readonly drop: () => Promise<void>;
}

export interface Sent {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Readable | Buffer | string;
  readonly signal?: AbortSignal | undefined;
}

/** More of an unwanted answer is not worth to keep the connection for. */
const worthReading = 64 * 1024;

/** Connections to registries, as the configuration and the environment's proxies say. To be closed. */
export class Transport {
  readonly #settings: RegistrySettings;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #timeouts: Timeouts;
  readonly #warn: (line: string) => void;
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();

  constructor(
    settings: RegistrySettings,
    environment: NodeJS.ProcessEnv,
    timeouts: Timeouts,
    warn: (line: string) => void,
  ) {
    this.#settings = settings;
    this.#environment = environment;
    this.#timeouts = timeouts;
    this.#warn = warn;
  }

  /**
   * One request, one answer: no redirect is followed, nothing is sent twice.
   *
   * @param host whose settings count
   * @throws what undici throws; ImageError invalid for certificates that cannot be read
   */
  async send(host: string, url: URL, { method, headers, body, signal }: Sent): Promise<Answer> {
    const dispatcher = await this.#dispatcherFor(host, url);
    const answer = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { 'user-agent': 'containerd-shim-jail', 'accept-encoding': 'identity', ...headers },
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
    });
    const { body: stream } = answer;
    return {
      url,
      status: answer.statusCode,
      header: (name) => {
        const value = answer.headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      },
      body: stream,
      drop: async () => {
        stream.on('error', () => undefined); // nobody waits for this answer
        await stream.dump({ limit: worthReading }).catch(() => undefined);
      },
    };
  }

  /** Closes all connections, also those in use. */
  async close(): Promise<void> {
    const made = [...this.#dispatchers.values()];
    this.#dispatchers.clear();
    for (const each of await Promise.allSettled(made)) {
      if (each.status === 'fulfilled') await each.value.destroy();
    }
  }

  #dispatcherFor(host: string, url: URL): Promise<Dispatcher> {
    const direct = isLoopback(url.host);
    const own = this.#settings.has(host) ? host : '';
    const key = `${direct ? 'direct' : 'proxy'} ${own}`;
    let found = this.#dispatchers.get(key);
    if (found === undefined) {
      found = this.#makeDispatcher(own, direct);
      this.#dispatchers.set(key, found);
    }
    return found;
  }

  async #makeDispatcher(host: string, direct: boolean): Promise<Dispatcher> {
    const setting = this.#settings.get(host) ?? usualSetting;
    const tls = { ...(await readCertificates(setting)), rejectUnauthorized: !setting.skipVerify };
    if (setting.skipVerify) this.#warn(`${host}: its certificate is not verified (skip_verify)`);
    const { connect: timeout, headers: headersTimeout, idle: bodyTimeout } = this.#timeouts;
    const options = { headersTimeout, bodyTimeout, connect: { ...tls, timeout } };
    if (direct) return new Agent(options);
    const variable = (name: string): string =>
      this.#environment[name.toLowerCase()] ?? this.#environment[name] ?? '';
    return new EnvHttpProxyAgent({
      ...options,
      requestTls: { ...tls, timeout },
      httpProxy: variable('HTTP_PROXY'),
      httpsProxy: variable('HTTPS_PROXY'),
      noProxy: variable('NO_PROXY'),
    });
  }
}

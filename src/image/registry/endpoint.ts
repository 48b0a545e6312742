import { usualSetting, type Mirror, type RegistrySettings } from './settings.js';

/** One server that has a registry's content. */
export interface Endpoint {
  /** host[:port], by which credentials and settings are looked up, and that messages name */
  readonly host: string;
  /** of its API, without `/v2`; `auto` is HTTPS, or HTTP if the server does not speak TLS */
  readonly scheme: 'https' | 'http' | 'auto';
  readonly authority: string;
  readonly path: string;
}

const hub = 'docker.io';

/** Docker Hub's API is not where its name says. */
const authorityOf = (host: string): string => (host === hub ? 'registry-1.docker.io' : host);

/** This machine, under any of its usual names. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(name)
  );
}

/** The registry itself: where pushes go. */
export function originOf(registry: string, settings: RegistrySettings): Endpoint {
  return { host: registry, scheme: schemeOf(registry, settings), authority: authorityOf(registry), path: '' };
}

/** Where pulls are tried: mirrors, in their order, then the registry itself. */
export function sourcesOf(registry: string, settings: RegistrySettings): readonly [Endpoint, ...Endpoint[]] {
  const mirrors = (settings.get(registry) ?? usualSetting).mirrors.map((mirror) =>
    fromMirror(mirror, settings),
  );
  const origin = originOf(registry, settings);
  const [first, ...others] = mirrors;
  return first === undefined ? [origin] : [first, ...others, origin];
}

function fromMirror({ host, scheme, path }: Mirror, settings: RegistrySettings): Endpoint {
  return { host, scheme: scheme ?? schemeOf(host, settings), authority: authorityOf(host), path };
}

function schemeOf(host: string, settings: RegistrySettings): Endpoint['scheme'] {
  const setting = settings.get(host);
  if (setting?.plainHttp === true) return 'http';
  // Who sets up TLS for this machine's own registry wants no fallback.
  const tls = setting !== undefined && (setting.skipVerify || setting.caFile !== undefined);
  return isLoopback(host) && !tls ? 'auto' : 'https';
}

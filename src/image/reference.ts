import { parseDigest, type Digest } from './digest.js';
import { ImageError } from './error.js';

/** The name of an image, whole: `registry/repository[:tag][@digest]`. */
export interface Reference {
  /** host[:port] */
  readonly registry: string;
  readonly repository: string;
  /** `latest` unless the name has a tag or a digest */
  readonly tag?: string;
  readonly digest?: Digest;
}

// The grammar of the distribution spec ("Pulling manifests"); a component of a path, a tag, a host.
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagForm = /^\w[\w.-]{0,127}$/;
const host = /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::\d{1,5})?$/;
const longest = 255;

const dockerHub = 'docker.io';

/**
 * Reads a name as people write it: `alpine`, `user/image:tag`, `host:5000/image@sha256:…`. What has no registry is
 * Docker Hub's, and there what has no user is `library`'s.
 *
 * @throws ImageError invalid, saying which part
 */
export function parseReference(name: string): Reference {
  const wrong = (why: string): never => {
    throw new ImageError('invalid', `${JSON.stringify(name.slice(0, 200))} is no image name: ${why}`);
  };
  const at = name.indexOf('@');
  const digest = at === -1 ? undefined : parseDigest(name.slice(at + 1), JSON.stringify(name.slice(0, 200)));
  let rest = at === -1 ? name : name.slice(0, at);
  const colon = rest.lastIndexOf(':');
  let tag: string | undefined;
  if (colon > rest.lastIndexOf('/')) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
    if (!tagForm.test(tag)) wrong(`${JSON.stringify(tag.slice(0, 140))} is no tag`);
  }
  const [registry, repository] = splitRegistry(rest);
  if (!host.test(registry)) wrong(`${JSON.stringify(registry)} is no registry`);
  if (repository === '') wrong('it has no repository');
  if (registry.length + repository.length + 1 > longest) wrong(`it has more than ${longest} characters`);
  const odd = repository.split('/').find((part) => !component.test(part));
  if (odd !== undefined) {
    const hint = /[A-Z]/.test(odd) ? ' (it must be lower case)' : '';
    wrong(`${JSON.stringify(odd)} is no part of a repository's name${hint}`);
  }
  return {
    registry,
    repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
    ...(tag === undefined && digest === undefined && { tag: 'latest' }),
  };
}

/** The first part is a registry if it looks like a host: with a dot or a port, or `localhost`. */
function splitRegistry(name: string): [string, string] {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  if (first !== 'localhost' && !/[.:[]/.test(first) && first === first.toLowerCase()) {
    return [dockerHub, slash === -1 ? `library/${name}` : name];
  }
  const registry = first === 'index.docker.io' ? dockerHub : first;
  const repository = name.slice(slash + 1);
  return [
    registry,
    registry === dockerHub && !repository.includes('/') ? `library/${repository}` : repository,
  ];
}

/** Whole, as containerd and nerdctl store it: `docker.io/library/alpine:latest`. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** As short as it can be written again, for people. */
export function shortReference(reference: Reference): string {
  const whole = formatReference(reference);
  return whole.startsWith(`${dockerHub}/library/`)
    ? whole.slice(`${dockerHub}/library/`.length)
    : whole.startsWith(`${dockerHub}/`)
      ? whole.slice(dockerHub.length + 1)
      : whole;
}

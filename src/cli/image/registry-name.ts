import { parseReference } from '../../image/reference.js';
import { CliError } from '../error.js';

/** A registry as people write it, Docker Hub if they do not. @throws CliError, ImageError */
export function registryOf(word: string | undefined): string {
  if (word === undefined || word === 'docker.io' || word === 'index.docker.io') return 'docker.io';
  const bare = word.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const { registry, repository } = parseReference(`${bare}/x`);
  if (repository === 'x' && registry === bare) return registry;
  throw new CliError(`${JSON.stringify(word)} is no registry: it is a host, or host:port`);
}

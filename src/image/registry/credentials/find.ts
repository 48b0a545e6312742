import { homedir } from 'node:os';
import { join } from 'node:path';
import { readAuthFile, type AuthFile } from './auth-file.js';
import type { Credentials, FindCredentials } from './credentials.js';
import { askHelper } from './helper.js';

/** Where Docker's and Podman's users have their credentials, the first with some for a registry counts. */
export function authFilePaths(environment: NodeJS.ProcessEnv): readonly string[] {
  const home = environment['HOME'] ?? homedir();
  const given = (name: string): string | undefined => environment[name] || undefined;
  const docker = given('DOCKER_CONFIG') ?? join(home, '.docker');
  const podman = given('REGISTRY_AUTH_FILE');
  const runtime = given('XDG_RUNTIME_DIR');
  const config = given('XDG_CONFIG_HOME') ?? join(home, '.config');
  return [
    ...(podman === undefined ? [] : [podman]),
    join(docker, 'config.json'),
    ...(runtime === undefined ? [] : [join(runtime, 'containers/auth.json')]),
    join(config, 'containers/auth.json'),
  ];
}

/** The key of a registry in files and helpers, as Docker writes it. */
export const keyOf = (host: string): string => (host === 'docker.io' ? 'https://index.docker.io/v1/' : host);

/** Finds credentials in the files of `paths` and with the helpers that these name. Files are read once. */
export function credentialsFrom(paths: readonly string[], environment: NodeJS.ProcessEnv): FindCredentials {
  let files: Promise<readonly AuthFile[]> | undefined;
  return async (host, repository) => {
    files ??= readAll(paths);
    for (const file of await files) {
      const found = await inFile(file, host, repository, environment);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

async function readAll(paths: readonly string[]): Promise<readonly AuthFile[]> {
  const files = await Promise.all(paths.map((path) => readAuthFile(path)));
  return files.filter((file) => file !== undefined);
}

async function inFile(
  file: AuthFile,
  host: string,
  repository: string,
  environment: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const helper = file.helpers.get(host) ?? file.store;
  if (helper !== undefined) {
    const found = await askHelper(helper, keyOf(host), environment);
    if (found !== undefined) return found;
  }
  const parts = [host, ...repository.split('/')];
  for (let length = parts.length; length > 0; length -= 1) {
    const found = file.auths.get(parts.slice(0, length).join('/'));
    if (found !== undefined && found !== 'empty') return found;
  }
  return undefined;
}

import { execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Certificates } from './certificates.js';

const run = promisify(execFile);

export interface RegistryServer {
  /** localhost:port */
  readonly host: string;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  readonly tls?: Certificates;
  readonly user?: { readonly name: string; readonly password: string };
  readonly token?: { readonly realm: string; readonly service: string; readonly bundle: string };
}

/** Debian's docker-registry, with its storage in `directory`, on a port that was free. */
export async function startRegistry(directory: string, options: RegistryOptions): Promise<RegistryServer> {
  await mkdir(join(directory, 'storage'), { recursive: true });
  const { tls, user, token } = options;
  const auth: Record<string, unknown> = {};
  if (user !== undefined) {
    const { stdout } = await run('htpasswd', ['-Bbn', user.name, user.password]);
    await writeFile(join(directory, 'htpasswd'), stdout);
    auth['htpasswd'] = { realm: 'a test', path: join(directory, 'htpasswd') };
  }
  if (token !== undefined) {
    auth['token'] = {
      realm: token.realm,
      service: token.service,
      issuer: 'test',
      rootcertbundle: token.bundle,
    };
  }
  const config = {
    version: 0.1,
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: join(directory, 'storage') }, delete: { enabled: true } },
    http: {
      addr: 'localhost:0',
      secret: 'of a test',
      ...(tls && { tls: { certificate: tls.cert, key: tls.key } }),
    },
    ...(Object.keys(auth).length > 0 && { auth }),
  };
  const path = join(directory, 'config.yml');
  await writeFile(path, JSON.stringify(config)); // JSON is YAML
  const child = spawn('docker-registry', ['serve', path], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  const said: string[] = [];
  const port = await new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      const found = /listening on (?:127\.0\.0\.1|\[::1\]):(\d+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('error', reject);
    void ended.then(() => {
      reject(new Error(`docker-registry ended: ${said.join('\n')}`));
    });
  });
  return {
    host: `localhost:${port}`,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

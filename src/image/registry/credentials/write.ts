import { chmod, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { reason } from '../../../runtime/error.js';
import { ImageError } from '../../error.js';
import { readAuthFile, serverOf, type AuthFile } from './auth-file.js';
import { keyOf } from './find.js';
import { eraseFromHelper, storeInHelper } from './helper.js';

/** Which file `login` writes to: Podman's if the variable names one, else Docker's. */
export const writtenPath = (paths: readonly string[]): string => paths[0] ?? '';

/**
 * Keeps a password for a registry: with the helper that the file names, or else in the file itself, as Docker does.
 *
 * @returns where it is kept, and whether others who read the file could use it
 */
export async function keepCredentials(
  path: string,
  host: string,
  who: { readonly user: string; readonly password: string },
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly where: string; readonly readable: boolean }> {
  const file = await readAuthFile(path);
  const helper = helperOf(file, host);
  if (helper !== undefined) {
    await storeInHelper(helper, keyOf(host), who, environment);
    return { where: `docker-credential-${helper}`, readable: false };
  }
  const auth = Buffer.from(`${who.user}:${who.password}`, 'utf8').toString('base64');
  await write(path, file, host, { [keyOf(host)]: { auth } });
  return { where: path, readable: true };
}

/** @returns whether there was something to forget */
export async function forgetCredentials(
  path: string,
  host: string,
  environment: NodeJS.ProcessEnv,
): Promise<boolean> {
  const file = await readAuthFile(path);
  if (file === undefined) return false;
  const helper = helperOf(file, host);
  if (helper !== undefined) await eraseFromHelper(helper, keyOf(host), environment);
  if (!file.auths.has(host)) return helper !== undefined;
  await write(path, file, host, {});
  return true;
}

const helperOf = (file: AuthFile | undefined, host: string): string | undefined =>
  file?.helpers.get(host) ?? file?.store;

/** Writes beside and renames: a program that is killed leaves the old file. What else stands in it stays. */
async function write(
  path: string,
  file: AuthFile | undefined,
  host: string,
  entries: Readonly<Record<string, unknown>>,
): Promise<void> {
  const document = file?.document ?? {};
  const auths = Object.entries((document['auths'] as Readonly<Record<string, unknown>> | undefined) ?? {});
  const others = Object.fromEntries(auths.filter(([key]) => serverOf(key) !== host));
  const text = `${JSON.stringify({ ...document, auths: { ...others, ...entries } }, undefined, '\t')}\n`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // A link to a file kept elsewhere stays one.
    const target = file === undefined ? path : await realpath(path);
    const beside = `${target}.${randomBytes(6).toString('hex')}`;
    try {
      const handle = await open(beside, 'wx', 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await chmod(beside, 0o600);
      await rename(beside, target);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  } catch (error) {
    throw new ImageError('failed', `credentials ${path}: ${reason(error)}`, { cause: error });
  }
}

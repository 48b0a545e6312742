import { execFile } from 'node:child_process';
import { oneLine } from '../../../runtime/error.js';
import { ImageError } from '../../error.js';
import type { Credentials } from './credentials.js';

/** What Docker's credential helpers do: programs `docker-credential-NAME` with an action, told more on standard input. */
type Action = 'get' | 'store' | 'erase';

const longestAnswer = 64 * 1024;
/** Some ask people, by a window or a key that is to be touched. */
export const patience = 60_000;

const notThere = /credentials not found/i;

/** @param server the key: for Docker Hub, its old address. @returns undefined when the helper has none */
export async function askHelper(
  name: string,
  server: string,
  environment: NodeJS.ProcessEnv,
  timeout = patience,
): Promise<Credentials | undefined> {
  const answer = await run(name, 'get', server, environment, timeout);
  if (answer === undefined) return undefined;
  const source = `docker-credential-${name}`;
  let found: unknown;
  try {
    found = JSON.parse(answer);
  } catch {
    // below; the parser's words would quote a secret
  }
  const { Username: user, Secret: secret } = (found ?? {}) as { Username?: unknown; Secret?: unknown };
  if (typeof user !== 'string' || typeof secret !== 'string') {
    throw new ImageError('failed', `${source}: its answer is no credentials`);
  }
  if (user === '' && secret === '') return undefined;
  if (user === '<token>') return { kind: 'identity', token: secret, source };
  return { kind: 'password', user, password: secret, source };
}

export async function storeInHelper(
  name: string,
  server: string,
  { user, password }: { readonly user: string; readonly password: string },
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const document = JSON.stringify({ ServerURL: server, Username: user, Secret: password });
  await run(name, 'store', document, environment, patience);
}

/** What is not there is fine. */
export async function eraseFromHelper(
  name: string,
  server: string,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  await run(name, 'erase', server, environment, patience);
}

/** @returns what it printed, or undefined when it says that it has nothing */
function run(
  name: string,
  action: Action,
  input: string,
  environment: NodeJS.ProcessEnv,
  timeout: number,
): Promise<string | undefined> {
  const program = `docker-credential-${name}`;
  return new Promise((resolve, reject) => {
    const refuse = (why: string): void => {
      reject(new ImageError('failed', oneLine(`${program} ${action}: ${why}`)));
    };
    const child = execFile(
      program,
      [action],
      { env: environment, timeout, maxBuffer: longestAnswer, killSignal: 'SIGKILL', windowsHide: true },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (error.code === 'ENOENT') refuse('there is no such program on PATH');
        else if (String(error.code) === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') refuse('it says too much');
        else if (error.killed === true) refuse(`it did not end within ${timeout / 1000} seconds`);
        else if (notThere.test(`${stdout} ${stderr}`)) resolve(undefined);
        // On standard output of a failing `get` stands the reason, by the protocol; elsewhere there may be secrets.
        else refuse((action === 'get' ? stdout.trim().slice(0, 200) : '') || 'it failed');
      },
    );
    // One that ends without reading is no error of ours.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

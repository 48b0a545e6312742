import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { CliError } from '../error.js';
import { addressOf, bundleOf, namespace, type Places } from '../places.js';

/**
 * Starts the container's daemon, or finds it, and has a place reserved there.
 *
 * @returns the path of the socket that serves its tasks
 * @throws CliError with what the launcher said
 */
export function reserve(places: Places, id: string): Promise<string> {
  return reserveIn(places, id, bundleOf(places, id));
}

/** As `reserve`, with a bundle that is no container's. */
export async function reserveIn(places: Places, id: string, bundle: string): Promise<string> {
  const address = await launch(places, id, bundle, ['start']);
  return address.replace(/^unix:\/\//, '');
}

/** Removes what is left of a container whose daemon is gone, or has lost it. May be done again. @throws CliError */
export async function cleanUp(places: Places, id: string): Promise<void> {
  const bundle = bundleOf(places, id);
  await launch(places, id, bundle, ['-bundle', bundle, 'delete']);
}

async function launch(
  places: Places,
  id: string,
  bundle: string,
  action: readonly string[],
): Promise<string> {
  const flags = ['-namespace', namespace, '-id', id, '-address', addressOf(places)];
  const child = spawn(places.launcher, [...flags, ...action], {
    cwd: bundle,
    // Nobody listens for events at the address: they are asked of the daemon.
    env: { ...process.env, TTRPC_ADDRESS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A Ctrl-C that is meant for this program must not end the daemon.
    detached: true,
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
  const [answer, complaint] = await output;
  if (status === 0) return answer;
  const why =
    complaint.trim().replace(/^containerd-shim-jail: /, '') || (signal ?? `exit status ${status ?? ''}`);
  throw new CliError(
    `${action.at(-1) === 'start' ? 'cannot start the daemon' : `cannot clean up ${id}`}: ${why}`,
  );
}

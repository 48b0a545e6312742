import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listenAt } from '../../src/kernel/linux/unix-socket.js';
import { type Client, createClient } from '../../src/ttrpc/client.js';
import { folder, kernel } from '../task/stdio/fixture.js';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export interface Ended {
  /** exit status, or the name of the signal */
  readonly status: number | string;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a role of the program to its end. */
export async function runRole(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'] ?? '', CONTAINERD_SHIM_JAIL_CONFIG: '/none', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    once(child, 'exit') as Promise<[number | null, string | null]>,
  ]);
  return { status: signal ?? code ?? -1, stdout, stderr: stderr.toString() };
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A daemon as the launcher starts it: with a socket that listens as descriptor 3, and a status pipe as 4. */
export interface DaemonProcess {
  readonly folder: string;
  readonly socket: string;
  readonly child: ChildProcess;
  /** what it told the launcher, when it has closed the status pipe */
  readonly told: Promise<string>;
  readonly ended: Promise<number | string>;
  readonly log: Promise<string>;
  connect(path?: string): Client;
}

export interface DaemonSettings {
  /** lines of the configuration */
  readonly config?: string;
  readonly args?: readonly string[];
  /** what is run in the place of the program, below test/ */
  readonly program?: string;
  /** the run directory, below the folder; the folder itself by default */
  readonly runDirectory?: string;
  /** put where a daemon that was killed would have left things */
  readonly prepare?: (folder: string) => void;
  /** the launcher does not wait for the status */
  readonly launcherIsGone?: boolean;
}

export function startDaemonProcess(test: TestContext, settings: DaemonSettings = {}): DaemonProcess {
  const path = folder(test);
  const socket = join(path, 'socket');
  writeFileSync(join(path, 'shim.toml'), settings.config ?? '');
  settings.prepare?.(path);
  const listener = listenAt(kernel, socket);
  const args = settings.args ?? [
    ...['-address', join(path, 'containerd.sock'), '-namespace', 'ns'],
    ...['-socket', socket, '-run-dir', join(path, settings.runDirectory ?? '')],
  ];
  const program =
    settings.program === undefined ? main : fileURLToPath(new URL(`../${settings.program}`, import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', program, 'serve', ...args], {
    env: { PATH: process.env['PATH'] ?? '', CONTAINERD_SHIM_JAIL_CONFIG: join(path, 'shim.toml') },
    stdio: ['ignore', 'pipe', 'pipe', listener, 'pipe'],
  });
  closeSync(listener);
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) => (signal ?? code) as number | string);
  const status = child.stdio[4] as Readable;
  if (settings.launcherIsGone === true) status.destroy();
  const told = settings.launcherIsGone === true ? Promise.resolve('') : collect(status).then(String);
  const [stdout, stderr] = [child.stdout, child.stderr] as [Readable, Readable];
  const log = Promise.all([collect(stdout), collect(stderr)]).then((parts) => parts.join(''));
  const clients: Client[] = [];
  test.after(async () => {
    for (const client of clients) client.close();
    child.kill('SIGKILL');
    await ended;
  });
  return {
    ...{ folder: path, socket, child, told, ended, log },
    connect: (to = socket) => {
      const client = createClient(to);
      clients.push(client);
      return client;
    },
  };
}

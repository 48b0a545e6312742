import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../error.js';
import { tryLock, type Lock } from '../kernel.js';
import { bundleOf, lockOf } from '../places.js';
import { freebsdPath, freebsdSpec } from '../spec/freebsd.js';
import { checkLinuxNetwork, linuxPath, linuxSpec, wantedHostFiles } from '../spec/linux.js';
import { specRequest, type SpecRequest, type Wanted } from '../spec/request.js';
import type { Container, Settings } from '../state/containers.js';
import type { Engine } from './engine.js';
import { removeAll } from './remove.js';
import type { Root, Source } from './root.js';
import { settleOne } from './settle.js';
import { numericUser } from './user-files.js';

/** How a container is to be kept, beside what runs in it. */
export interface Keeping {
  /** absent: the first letters of its id */
  readonly name: string | undefined;
  readonly interactive: boolean;
  readonly autoRemove: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** A container that can be started, and is this process's own until the lock is released. */
export interface Made {
  readonly container: Container;
  readonly lock: Lock;
}

/** What `start` reads again: config.json has no place for it. */
const rootFile = 'root.json';

/** Makes a container. What fails leaves nothing. @throws CliError, for one if the name is in use */
export async function makeContainer(
  engine: Engine,
  source: Source,
  wanted: Wanted,
  keeping: Keeping,
): Promise<Made> {
  if (process.platform === 'linux') checkLinuxNetwork(wanted);
  const id = randomBytes(16).toString('hex');
  const request = (path: string): SpecRequest =>
    specRequest(id, path, source.execution, wanted, source.os === 'freebsd' ? freebsdPath : linuxPath);
  const { args } = request('rootfs');
  const lock = tryLock(lockOf(engine.places, id));
  if (lock === undefined) throw new Error(`container ${id}: its lock is another's`);
  try {
    const settings = settingsOf(source, wanted, keeping, args);
    await addRow(engine, id, keeping.name ?? id.slice(0, 12), settings);
    try {
      mkdirSync(bundleOf(engine.places, id), { mode: 0o711 });
      const root = await source.root(id);
      if (root.path === 'rootfs') mkdirSync(join(bundleOf(engine.places, id), 'rootfs'));
      write(engine, id, 'config.json', spec(request(root.path), root, source.os));
      write(engine, id, rootFile, root.mounts);
      engine.containers.setPhase(id, 'made');
    } catch (error) {
      await removeAll(engine, present(engine, id));
      throw error;
    }
    return { container: present(engine, id), lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

export const rootMountsFile = (engine: Engine, id: string): string =>
  join(bundleOf(engine.places, id), rootFile);

async function addRow(engine: Engine, id: string, name: string, settings: Settings): Promise<void> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(name)) {
    throw new CliError(
      `--name: ${JSON.stringify(name)}: letters, digits and . _ - only, of which the first two begin it`,
    );
  }
  if (engine.containers.add({ id, name, settings })) return;
  // Who has the name may have ended since, and was to be removed then.
  const holder = engine.containers.named(name);
  if (holder !== undefined) await settleOne(engine, holder);
  if (engine.containers.add({ id, name, settings })) return;
  const other = engine.containers.named(name)?.id.slice(0, 12) ?? 'another';
  throw new CliError(
    `--name: ${name} is the name of container ${other}: remove that with "jailer rm ${name}", or choose another`,
  );
}

function settingsOf(
  source: Source,
  wanted: Wanted,
  { interactive, autoRemove, labels }: Keeping,
  command: readonly string[],
): Settings {
  return {
    image: source.image,
    ...(source.imageDigest !== undefined && { imageDigest: source.imageDigest }),
    command,
    terminal: wanted.terminal,
    interactive,
    autoRemove,
    labels: { ...Object.fromEntries(source.execution.labels), ...labels },
    stopSignal: source.execution.stopSignal === '' ? 'SIGTERM' : source.execution.stopSignal,
    ports: wanted.ports,
  };
}

function spec(request: SpecRequest, root: Root, os: string): Record<string, unknown> {
  if (process.platform === 'freebsd') return freebsdSpec(request, os);
  const hostFiles = wantedHostFiles(request.network).filter((path) => existsSync(path));
  return linuxSpec({ ...request, hostFiles, numericUser: numericUser(request.user, root.tree) });
}

function write(engine: Engine, id: string, name: string, value: unknown): void {
  writeFileSync(join(bundleOf(engine.places, id), name), `${JSON.stringify(value)}\n`, { mode: 0o600 });
}

function present(engine: Engine, id: string): Container {
  const container = engine.containers.get(id);
  if (container === undefined) throw new Error(`container ${id}: its row is gone`);
  return container;
}

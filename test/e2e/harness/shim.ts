import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output } from './program.js';

/** `ours` is what this repository builds, `stock` the containerd-shim-runc-v2 that came with containerd. */
export type ShimName = 'ours' | 'stock';

/** The shim that the tests are about; `SHIM=stock` shows that a test is right about containerd itself. */
export function underTest(): ShimName {
  const name = process.env['SHIM'] ?? 'ours';
  if (name !== 'ours' && name !== 'stock') throw new Error(`SHIM=${name}: neither ours nor stock`);
  return name;
}

const repository = fileURLToPath(new URL('../../../../', import.meta.url));

/** Installs the shim below a prefix; the directory to put first in PATH, undefined if the stock one is there anyway. */
export async function installShim(shim: ShimName, prefix: string): Promise<string | undefined> {
  if (shim === 'stock') return undefined;
  await output([join(repository, 'scripts/install'), '--prefix', prefix, '--link']);
  return join(prefix, 'bin');
}

/** The stock shim ignores where containerd's state is: its sockets lie in /run, named by files in the bundles. */
export function stockSockets(directory: string): string[] {
  const tasks = join(directory, 'state', 'io.containerd.runtime.v2.task');
  return list(tasks).flatMap((namespace) =>
    list(join(tasks, namespace)).flatMap((id) => {
      const bundle = join(tasks, namespace, id);
      const text = ['address', 'bootstrap.json'].map((file) => read(join(bundle, file))).join('\n');
      return /\/run\/containerd\/s\/[0-9a-f]{64}/.exec(text) ?? [];
    }),
  );
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // no container was ever made
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // each containerd writes one of the two
  }
}

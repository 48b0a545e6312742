import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Containerd } from './containerd.js';
import { busyboxRootfs } from './image.js';
import { output } from './program.js';

/** The parts of an OCI configuration (runtime-spec, config.md) that tests change. */
export interface Spec {
  process: { args: string[]; env: string[]; cwd: string; terminal?: boolean };
  root: { path: string; readonly?: boolean };
  mounts: { destination: string; type: string; source: string; options?: string[] }[];
  hooks?: unknown;
  linux: {
    cgroupsPath: string;
    namespaces: { type: string; path?: string }[];
    resources?: Record<string, unknown>;
  };
}

/** Writes a configuration for `ctr run --config FILE ID`: ctr's default one on an unpacked busybox, then changed. */
export async function writeSpec(
  containerd: Containerd,
  id: string,
  args: readonly string[],
  change: (spec: Spec) => void = () => undefined,
): Promise<string> {
  const spec = JSON.parse(await containerd.tell(['oci', 'spec'])) as Spec;
  spec.process.args = [...args];
  spec.process.env = ['PATH=/bin'];
  spec.process.cwd = '/';
  spec.root.path = await unpackedRootfs(containerd);
  spec.linux.cgroupsPath = `/${containerd.namespace}/${id}`;
  change(spec);
  const path = join(containerd.directory, `${id}.json`);
  writeFileSync(path, JSON.stringify(spec));
  return path;
}

/** Without a pid namespace process 1 is not special: a signal without a handler ends it (pid_namespaces(7)). */
export function withoutPidNamespace(spec: Spec): void {
  spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) => type !== 'pid');
}

async function unpackedRootfs(containerd: Containerd): Promise<string> {
  const path = join(containerd.directory, 'rootfs');
  mkdirSync(path, { recursive: true });
  await output(['tar', '--extract', '--directory', path], { input: busyboxRootfs() });
  return path;
}

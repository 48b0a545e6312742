import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { tar, type TarEntry } from './tar.js';

/** The name under which the tests' image is imported; in the long form, which nerdctl wants. */
export const IMAGE = 'docker.io/library/busybox-static:latest';

/** The tests' image: Debian's static busybox and two users. */
export function busyboxImage(): Buffer {
  return imageOf(busyboxRootfs(), {
    name: IMAGE,
    os: 'linux',
    config: { Env: ['PATH=/bin:/sbin'], Cmd: ['/bin/sh'], WorkingDir: '/' },
  });
}

/** What an image says beside its files. */
export interface ImageSettings {
  readonly name: string;
  readonly os: 'linux' | 'freebsd';
  /** as image-spec's config.md has it */
  readonly config: Readonly<Record<string, unknown>>;
}

/** An OCI image layout (image-spec, image-layout.md) of one layer, for this processor, as a tar archive. */
export function imageOf(layer: Buffer, { name, os, config: settings }: ImageSettings): Buffer {
  const config = json({
    architecture:
      { x64: 'amd64', arm64: 'arm64', riscv64: 'riscv64' }[process.arch as string] ?? process.arch,
    os,
    config: settings,
    rootfs: { type: 'layers', diff_ids: [digest(layer)] },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: [descriptor('application/vnd.oci.image.layer.v1.tar', layer)],
  });
  const index = json({
    schemaVersion: 2,
    manifests: [
      {
        ...descriptor('application/vnd.oci.image.manifest.v1+json', manifest),
        annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': 'latest' },
      },
    ],
  });
  return tar([
    { name: 'oci-layout', mode: 0o644, content: json({ imageLayoutVersion: '1.0.0' }) },
    { name: 'index.json', mode: 0o644, content: index },
    { name: 'blobs/', mode: 0o755 },
    { name: 'blobs/sha256/', mode: 0o755 },
    ...[layer, config, manifest].map((blob) => ({
      name: `blobs/sha256/${digest(blob).slice('sha256:'.length)}`,
      mode: 0o644,
      content: blob,
    })),
  ]);
}

/** The root file system of the image, as a tar archive. */
export function busyboxRootfs(): Buffer {
  return tar(rootfsEntries());
}

function rootfsEntries(): TarEntry[] {
  const busybox = staticBusybox();
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n');
  const directory = (name: string, mode = 0o755, uid = 0): TarEntry => ({ name: `${name}/`, mode, uid });
  const file = (name: string, mode: number, text: string): TarEntry => ({
    name,
    mode,
    content: Buffer.from(text),
  });
  return [
    ...['bin', 'dev', 'etc', 'home', 'proc', 'root', 'sbin', 'sys', 'var', 'var/tmp'].map((name) =>
      directory(name),
    ),
    directory('tmp', 0o1777),
    directory('home/user', 0o755, 1000),
    file('etc/passwd', 0o644, 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n'),
    file('etc/group', 0o644, 'root:x:0:\nuser:x:1000:\naudio:x:29:user\n'),
    file('etc/not-executable', 0o644, '#!/bin/sh\necho this must not run\n'),
    file('etc/not-a-program', 0o755, '\x7fELF is not what this is\n'),
    { name: 'bin/busybox', mode: 0o755, content: readFileSync(busybox) },
    ...applets
      .filter((applet) => applet !== '' && applet !== 'busybox')
      .map((applet) => ({ name: `bin/${applet}`, mode: 0o777, link: 'busybox' })),
  ];
}

function staticBusybox(): string {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, 'busybox');
    let program: Buffer;
    try {
      program = readFileSync(path);
    } catch {
      continue; // not in this directory of PATH
    }
    // A dynamically linked program names its interpreter, the dynamic linker ld.so(8).
    if (!program.includes('/ld-')) return path;
  }
  throw new Error('no statically linked busybox on PATH (Debian: apt-get install busybox-static)');
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function digest(blob: Buffer): string {
  return `sha256:${createHash('sha256').update(blob).digest('hex')}`;
}

function descriptor(mediaType: string, blob: Buffer): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: digest(blob), size: blob.length };
}

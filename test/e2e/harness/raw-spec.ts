/** An OCI configuration (runtime-spec, config.md) that a test may turn into anything. */
export interface RawSpec {
  [member: string]: unknown;
  process: Record<string, unknown>;
  root: Record<string, unknown>;
  mounts: unknown[];
  linux: Record<string, unknown>;
}

/** What a container needs at least. Nothing in it writes to the root, which all share. */
export function rawSpec(rootfs: string, cgroupsPath: string, args: readonly string[]): RawSpec {
  return {
    ociVersion: '1.0.2',
    process: { ...rawProcess(args), capabilities: {} },
    root: { path: rootfs, readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'ptmxmode=0666'],
      },
    ],
    linux: {
      cgroupsPath,
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })),
    },
  };
}

/** An OCI process, as the spec of an Exec is. */
export function rawProcess(args: readonly string[]): Record<string, unknown> {
  return { user: { uid: 0, gid: 0 }, args, env: ['PATH=/bin'], cwd: '/' };
}

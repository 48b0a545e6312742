import type { Limits, SpecRequest } from './request.js';

export const freebsdPath = '/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin';

const prefix = 'containerd-shim-jail';

/**
 * The OCI configuration of a container on FreeBSD; what becomes of each field is in docs/jail-spec.md. Names of users are
 * resolved by the runtime, in the image's own files. Networks and ports are asked for by annotations.
 *
 * @param os of the image: Linux images have their programs' own mounts added by the runtime
 */
export function freebsdSpec(request: SpecRequest, os: string): Record<string, unknown> {
  const volumes = request.volumes.map(({ source, target, readonly }) => ({
    destination: target,
    type: 'nullfs',
    source,
    options: [readonly ? 'ro' : 'rw'],
  }));
  return {
    ociVersion: '1.1.0',
    process: freebsdProcess(request),
    root: { path: request.rootPath, readonly: request.readonly },
    hostname: request.hostname,
    mounts: [...(os === 'linux' ? [] : [devices]), ...volumes],
    annotations: {
      ...asked(request),
      ...(os === 'linux' && { [`${prefix}.os`]: 'linux' }),
      ...request.annotations,
    },
    linux: { resources: resources(request.limits) },
  };
}

const devices = { destination: '/dev', type: 'devfs', source: 'devfs', options: ['ruleset=4'] };

/** Of a container's first process, or of one that is executed in it. */
export function freebsdProcess({
  args,
  env,
  workingDirectory,
  terminal,
  user,
}: Pick<SpecRequest, 'args' | 'env' | 'workingDirectory' | 'terminal' | 'user'>): Record<string, unknown> {
  return {
    terminal,
    user: user === '' ? { uid: 0, gid: 0 } : { uid: 0, gid: 0, username: user },
    args,
    env,
    cwd: workingDirectory,
  };
}

function asked({ network, ports }: SpecRequest): Record<string, string> {
  return {
    ...(network !== undefined && { [`${prefix}.network`]: network }),
    ...(ports.length > 0 && { [`${prefix}.ports`]: ports.join(',') }),
  };
}

function resources({ memory, cpus, pids }: Limits): Record<string, unknown> {
  return {
    ...(memory !== undefined && { memory: { limit: memory } }),
    ...(cpus !== undefined && { cpu: { quota: Math.round(cpus * 100_000), period: 100_000 } }),
    ...(pids !== undefined && { pids: { limit: pids } }),
  };
}

import { CliError } from '../error.js';
import { namespace } from '../places.js';
import type { Limits, SpecRequest } from './request.js';

export const linuxPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A user in numbers, as Linux runtimes want it. */
export interface NumericUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
}

/** What a process of root may do in a container: what Docker and containerd leave it by default. */
const capabilities = [
  'CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP',
  'NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE',
].map((name) => `CAP_${name}`); // prettier-ignore

/** Of /proc and /sys, what tells of the host or changes it (containerd's defaults, oci/spec.go). */
const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const mounts = [
  mount('/proc', 'proc', 'proc', ['nosuid', 'noexec', 'nodev']),
  mount('/dev', 'tmpfs', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
  mount('/dev/pts', 'devpts', 'devpts', [
    'nosuid',
    'noexec',
    'newinstance',
    'ptmxmode=0666',
    'mode=0620',
    'gid=5',
  ]),
  mount('/dev/shm', 'tmpfs', 'shm', ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']),
  mount('/dev/mqueue', 'mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
  mount('/sys', 'sysfs', 'sysfs', ['nosuid', 'noexec', 'nodev', 'ro']),
];

/** What a container on the host's network needs of the host to find others by name; where the host has it. */
const resolverFiles = ['/etc/resolv.conf', '/etc/hosts'];

export interface LinuxRequest extends SpecRequest {
  readonly numericUser: NumericUser;
  /** those of `resolverFiles` that the host has */
  readonly hostFiles: readonly string[];
}

/** Which of the host's files `linuxSpec` asks for. */
export const wantedHostFiles = (network: string | undefined): readonly string[] =>
  network === 'none' ? [] : resolverFiles;

/** Refuses what only FreeBSD's networks do. @throws CliError */
export function checkLinuxNetwork({ network = 'host', ports }: Pick<SpecRequest, 'network' | 'ports'>): void {
  if (network !== 'host' && network !== 'none') {
    throw new CliError(
      `--network: ${JSON.stringify(network)}: on Linux there are host and none only; networks are for FreeBSD`,
    );
  }
  if (ports.length > 0) {
    throw new CliError(
      "--publish: ports are published on FreeBSD only: on Linux use --network host, and the port is the host's own",
    );
  }
}

/** The OCI configuration of a container on Linux (runtime-spec config.md, config-linux.md). */
export function linuxSpec(request: LinuxRequest): Record<string, unknown> {
  const own = request.network === 'none' ? ['network'] : [];
  return {
    ociVersion: '1.0.2',
    process: linuxProcess(request),
    root: { path: request.rootPath, readonly: request.readonly },
    hostname: request.hostname,
    mounts: [
      ...mounts,
      ...request.hostFiles.map((path) => mount(path, 'bind', path, ['rbind', 'ro'])),
      ...request.volumes.map(({ source, target, readonly }) =>
        mount(target, 'bind', source, ['rbind', 'rprivate', readonly ? 'ro' : 'rw']),
      ),
    ],
    annotations: request.annotations,
    linux: {
      cgroupsPath: `/${namespace}/${request.id}`,
      namespaces: ['pid', 'ipc', 'uts', 'mount', ...own].map((type) => ({ type })),
      resources: resources(request.limits),
      maskedPaths,
      readonlyPaths,
    },
  };
}

/** Of a container's first process, or of one that is executed in it. */
export function linuxProcess(
  request: Pick<LinuxRequest, 'args' | 'env' | 'workingDirectory' | 'terminal' | 'numericUser'>,
): Record<string, unknown> {
  const sets = ['bounding', 'effective', 'permitted'];
  return {
    terminal: request.terminal,
    user: request.numericUser,
    args: request.args,
    env: request.env,
    cwd: request.workingDirectory,
    capabilities: Object.fromEntries(sets.map((set) => [set, capabilities])),
    noNewPrivileges: false,
  };
}

function resources({ memory, cpus, pids }: Limits): Record<string, unknown> {
  return {
    devices: [{ allow: false, access: 'rwm' }],
    ...(memory !== undefined && { memory: { limit: memory } }),
    ...(cpus !== undefined && { cpu: { quota: Math.round(cpus * 100_000), period: 100_000 } }),
    ...(pids !== undefined && { pids: { limit: pids } }),
  };
}

function mount(
  destination: string,
  type: string,
  source: string,
  options: readonly string[],
): { destination: string; type: string; source: string; options: readonly string[] } {
  return { destination, type, source, options };
}

import { DevfsTree } from './devfs.js';
import { FileSystem, newDirectory, Node, type Directory } from './file-tree.js';
import type { Jail } from './jail.js';
import { addMount, type Mount } from './mount.js';
import { allowNames } from './jail-limits.js';
import { defaultLinux } from './jail-create.js';
import { pathOf, type Place } from './place.js';
import type { Process } from './process.js';
import { System, type SystemOptions } from './system.js';

const folders = [
  ...['/bin', '/boot', '/dev', '/etc', '/home', '/mnt', '/proc', '/root', '/sbin', '/tmp', '/usr', '/var'],
  ...['/usr/bin', '/usr/local', '/var/run', '/var/db', '/var/tmp', '/boot/kernel'],
];
const programs = ['/bin/sh', '/bin/sleep', '/sbin/init', '/usr/bin/true'];

/** A kernel as it is after boot: a root file system, devfs on /dev, a tmpfs on /tmp, and process 1. */
export function boot(options: SystemOptions): { system: System; init: Process } {
  const fileSystem = new FileSystem('ufs');
  const root = newDirectory(fileSystem, 0o755);
  const rootMount: Mount = {
    ...plainMount,
    type: 'ufs',
    fileSystem,
    root,
    from: '/dev/ada0p2',
    on: '/',
    id: [-2_029_977_811, 53],
    covered: undefined,
    flags: 0x4000n,
    owner: undefined,
  };
  const place: Place = { mount: rootMount, node: root };
  const system = new System(options, (unfinished) => hostJail(unfinished, place));
  system.mounts.list.push(rootMount);
  return finish(system);
}

const plainMount = {
  lower: undefined,
  noCache: false,
  devfs: undefined,
  readOnly: false,
  noSymlinkFollow: false,
  flags: 0n,
  toldFlags: 0n,
  dead: false,
  lookedUpOwnCover: false,
};

function hostJail(system: System, root: Place): Jail {
  return {
    jid: 0,
    parent: undefined,
    name: '',
    root: { place: root },
    path: '/',
    persist: true,
    dying: false,
    teardown: false,
    secureLevel: -1,
    enforceStatfs: 0,
    devfsRuleset: 0,
    childrenMax: 999_999,
    osrelease: `${system.release}.${Math.floor(system.osreldate / 1000) % 100}-RELEASE`,
    osreldate: system.osreldate,
    vnet: system.network.host,
    cpuset: system.cpusets.root,
    ip4: { restricted: false, list: [] },
    ip6: { restricted: false, list: [] },
    host: { hostname: '', domainname: '', hostuuid: '00000000-0000-0000-0000-000000000000', hostid: 0n },
    allow: new Set([...allowNames(system), 'mount.zfs']),
    sourceSelection: { ip4: true, ip6: true },
    sysv: new Map(),
    linux: { ...defaultLinux },
  };
}

function finish(system: System): { system: System; init: Process } {
  const { host } = system.jails;
  const mount = system.mounts.root;
  const { place } = host.root;
  for (const path of folders) makeFolder(mount, path);
  const modules = [...system.loadable].map((name) => `/boot/kernel/${name}.ko`);
  for (const path of [...programs, ...modules]) {
    const node = new Node(mount.fileSystem, 'file', 0o755);
    node.data = Buffer.from('\x7fELF program');
    contents(mount, path.slice(0, path.lastIndexOf('/'))).add(path.slice(path.lastIndexOf('/') + 1), node);
  }
  const tree = new DevfsTree(system);
  mountAt(system, '/dev', { type: 'devfs', fileSystem: tree.fileSystem, root: tree.root, devfs: tree });
  const tmp = new FileSystem('tmpfs');
  const tmpRoot = newDirectory(tmp, 0o1777);
  mountAt(system, '/tmp', { type: 'tmpfs', fileSystem: tmp, root: tmpRoot });
  const init = system.processes.boot({
    credential: { uid: 0, gid: 0, groups: [], jail: host },
    root: place,
    workingDirectory: place,
    cpuset: host.cpuset,
    cpus: undefined,
  });
  return { system, init };
}

function mountAt(
  system: System,
  path: string,
  parts: Pick<Mount, 'type' | 'fileSystem' | 'root'> & Partial<Mount>,
): void {
  const { root } = system.mounts;
  const node = descend(root, path);
  const covered = { mount: root, node };
  addMount(system, {
    ...plainMount,
    from: parts.type,
    on: pathOf(covered),
    id: system.mounts.newId(parts.type),
    covered,
    owner: system.jails.host,
    ...parts,
  });
}

function descend(mount: Mount, path: string): Node {
  let node = mount.root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    const next = node.contents?.lookup(name, undefined as never);
    if (next === undefined) throw new Error(`${path}: not there`);
    node = next;
  }
  return node;
}

function contents(mount: Mount, path: string): Directory {
  const { contents: directory } = descend(mount, path);
  if (directory === undefined) throw new Error(`${path}: no directory`);
  return directory;
}

function makeFolder(mount: Mount, path: string): void {
  const slash = path.lastIndexOf('/');
  contents(mount, path.slice(0, slash)).add(path.slice(slash + 1), newDirectory(mount.fileSystem, 0o755));
}

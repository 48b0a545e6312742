import type { DevfsTree } from '../../model/devfs.js';
import { StoredDirectory, type Node } from '../../model/file-tree.js';
import { ruleText, everything } from '../../model/rctl-rules.js';
import type { System } from '../../model/system.js';
import type { RuntimeWorld } from '../runtime-world.js';

/** All that there is of a machine, in words: what containers leave, and the files of its disk. */
export function seenOf({ model }: RuntimeWorld): string[] {
  return [...model.remains(), ...filesOf(model.system)].sort();
}

/** The paths on the root file system, whatever is mounted on them. */
function filesOf(system: System): string[] {
  const paths: string[] = [];
  const list = (node: Node, path: string): void => {
    paths.push(`file ${path} ${node.kind} of ${node.data.byteLength} bytes`);
    if (!(node.contents instanceof StoredDirectory)) return;
    for (const [name, below] of node.contents.list()) list(below, `${path}/${name}`);
  };
  list(system.mounts.root.root, '');
  return paths;
}

/**
 * What a running container is, in words that are the same each time: whatever number it has got. A failure that nobody is
 * told of must not have made another container of it.
 */
export function runningAs(world: RuntimeWorld): string[] {
  const { system } = world.model;
  const jails = system.jails.list.map((jail) =>
    JSON.stringify(
      {
        ...{ name: jail.name, path: jail.path, persist: jail.persist, host: jail.host, linux: jail.linux },
        ...{ allow: [...jail.allow], sysv: [...jail.sysv], enforceStatfs: jail.enforceStatfs },
        ...{ childrenMax: jail.childrenMax, ruleset: jail.devfsRuleset > 0, cpus: [...jail.cpuset.mask] },
        ...{ ip4: jail.ip4, ip6: jail.ip6, osrelease: jail.osrelease },
      },
      (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    ),
  );
  const processes = system.processes.list.map((process) => {
    const { credential, executed, umask, noNewPrivileges, session, limits, descriptors } = process;
    return JSON.stringify({
      ...{ jail: process.jail.name, uid: credential.uid, gid: credential.gid, groups: credential.groups },
      ...{ executed, umask, noNewPrivileges, terminal: session.terminal !== undefined },
      ...{ limits: [...limits].map(String), descriptors: descriptors.numbers().length },
      cwd: process.workingDirectory.node.name,
    });
  });
  const mounts = system.mounts.list.map(({ type, on, from, flags, readOnly, devfs }) => {
    const shown = devfs === undefined ? '' : ` with ${devicesOf(devfs)}`;
    return `${type} of ${from} on ${on} ${flags} ${readOnly}${shown}`;
  });
  const limits = system.limits.list(everything).map(ruleText);
  const rest = world.model.remains().filter((what) => !/^(mount|process|descriptor|limit)/.test(what));
  return [...jails, ...processes, ...mounts, ...limits, ...rest].map(withoutNumbers).sort();
}

/** The devices that a devfs shows, and their modes. */
function devicesOf(tree: DevfsTree): string {
  const shown: string[] = [];
  tree.apply(({ path, node, hidden, deleted }) => {
    if (!hidden && !deleted && !path.startsWith('pts/')) shown.push(`${path} ${node.mode.toString(8)}`);
  });
  return shown.sort().join(', ');
}

/** Numbers that are different each time: of jails, pairs, rulesets, files that were saved. */
function withoutNumbers(text: string): string {
  return text
    .replace(/jail \d+/g, 'jail #')
    .replace(/\(-?\d+:-?\d+\)/g, '(#)')
    .replace(/epair\d+/g, 'epair#')
    .replace(/address (fe80|fd)[0-9a-f:]+ of (eth0|epair)/g, 'address $1# of $2')
    .replace(/ruleset \d+/g, 'ruleset #')
    .replace(/\.saved-[0-9a-f]+/g, '.saved-#');
}

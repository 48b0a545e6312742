import { Node, newDirectory, type FileSystem } from './file-tree.js';
import { fail } from './failure.js';
import { isWithin } from './jail.js';
import type { Process } from './process.js';

/** procfs(5): a directory for each process that the one who looks may see. */
export function procfsRoot(fileSystem: FileSystem): Node {
  const root = new Node(fileSystem, 'directory', 0o555);
  const seen = (viewer: Process): Process[] => {
    return viewer.system.processes.list.filter(({ jail }) => isWithin(jail, viewer.jail));
  };
  const entry = (pid: number): Node => {
    const node = newDirectory(fileSystem, 0o555);
    node.name = String(pid);
    node.parent = root;
    return node;
  };
  const self = (viewer: Process): Node => {
    const node = new Node(fileSystem, 'symlink', 0o555);
    node.target = String(viewer.pid);
    node.name = 'curproc';
    return node;
  };
  root.contents = {
    lookup: (name, process) => {
      if (name === 'curproc') return self(process);
      return seen(process).some(({ pid }) => String(pid) === name) ? entry(Number(name)) : undefined;
    },
    list: (process) => [
      ...seen(process).map(({ pid }) => [String(pid), entry(pid)] as const),
      ['curproc', self(process)] as const,
    ],
    add: () => fail('ENOENT'),
    remove: () => fail('EPERM'),
  };
  return root;
}

import { Node, type FileSystem } from './file-tree.js';
import { fail } from './failure.js';
import { pathOf } from './place.js';
import type { Process } from './process.js';

/**
 * fdescfs(5): the descriptors of whoever looks.
 *
 * @param links as symbolic links to what is open, with the option linrdlnk; else as devices
 */
export function fdescfsRoot(fileSystem: FileSystem, links: boolean): Node {
  const root = new Node(fileSystem, 'directory', 0o555);
  root.contents = {
    lookup: (name, process) =>
      /^\d+$/.test(name) ? entry(fileSystem, process, Number(name), links) : undefined,
    list: (process) => {
      return process.descriptors
        .numbers()
        .map((fd) => [String(fd), entry(fileSystem, process, fd, links)] as const);
    },
    add: () => fail('ENOENT'),
    remove: () => fail('EPERM'),
  };
  return root;
}

function entry(fileSystem: FileSystem, process: Process, fd: number, links: boolean): Node {
  const file = process.descriptors.get(fd);
  const node = new Node(fileSystem, links ? 'symlink' : 'character device', 0o555);
  node.name = String(fd);
  if (links && file.place !== undefined) node.target = pathOf(file.place);
  node.device = { name: `fd/${fd}`, open: () => file };
  return node;
}

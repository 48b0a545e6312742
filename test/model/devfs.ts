import { isVisible, type DeviceEntry } from './devices.js';
import { applyRuleset, type Ruled } from './devfs-rules.js';
import { FileSystem, Node, type Directory } from './file-tree.js';
import { fail } from './failure.js';
import type { Process } from './process.js';
import type { System } from './system.js';

/** A name in a devfs: what it stands for, and what rules and people have made of it. */
interface Entry extends Ruled {
  readonly path: string;
  readonly node: Node;
  readonly from: DeviceEntry | 'directory' | 'user';
}

/** The tree of one mounted devfs: the devices of the kernel, as far as its rules show them. */
export class DevfsTree {
  readonly fileSystem = new FileSystem('devfs');
  readonly root: Node;
  /** The ruleset for devices that come later; 0 is none. */
  ruleset = 0;
  readonly #system: System;
  #entries = new Map<string, Entry>();

  constructor(system: System) {
    this.#system = system;
    this.root = this.#newDirectory('');
    this.#populate();
  }

  /** SUSE, and SAPPLY as well. */
  use(ruleset: number, apply: boolean): void {
    this.ruleset = ruleset;
    if (apply)
      this.apply((entry) => {
        applyRuleset(this.#system, ruleset, entry);
      });
  }

  /** Does something to every name that there is now. */
  apply(act: (entry: Ruled) => void): void {
    this.#populate();
    for (const entry of this.#entries.values()) act(entry);
  }

  /** Any lookup makes new devices appear and frees those that are gone. */
  #populate(): void {
    this.#system.terminals.sweep();
    const { entries } = this.#system.devices;
    for (const device of entries) if (this.#entries.get(device.path)?.from !== device) this.#add(device);
    const stale = [...this.#entries.values()].filter(({ from, path }) => {
      if (from === 'user') return false;
      if (from !== 'directory') return !entries.includes(from);
      return !entries.some((device) => device.path.startsWith(`${path}/`));
    });
    for (const { path, node } of stale) {
      this.#entries.delete(path);
      node.removed = true;
    }
  }

  #add(device: DeviceEntry): void {
    const slash = device.path.lastIndexOf('/');
    const parent = slash < 0 ? '' : device.path.slice(0, slash);
    if (parent !== '' && !this.#entries.has(parent)) {
      this.#insert(parent, this.#newDirectory(parent), 'directory');
    }
    const node = new Node(this.fileSystem, device.kind, device.mode);
    node.uid = device.uid;
    node.gid = device.gid;
    node.device = device.device;
    node.target = device.target ?? '';
    this.#insert(device.path, node, device);
  }

  #insert(path: string, node: Node, from: Entry['from']): void {
    const isDisk = typeof from === 'object' && from.isDisk === true;
    const entry: Entry = { path, node, from, isDisk, hidden: false, deleted: false };
    node.name = path.slice(path.lastIndexOf('/') + 1);
    this.#entries.set(path, entry);
    if (this.ruleset !== 0) applyRuleset(this.#system, this.ruleset, entry);
  }

  #newDirectory(path: string): Node {
    const node = new Node(this.fileSystem, 'directory', 0o555);
    node.contents = this.#contents(path);
    node.parent = path === '' ? undefined : this.root;
    return node;
  }

  #contents(directory: string): Directory {
    const at = (name: string): string => (directory === '' ? name : `${directory}/${name}`);
    const sees = (entry: Entry, process: Process): boolean => {
      if (entry.hidden || entry.deleted) return false;
      return typeof entry.from === 'string' || isVisible(entry.from, process);
    };
    return {
      lookup: (name, process) => {
        this.#populate();
        const entry = this.#entries.get(at(name === 'tty' && directory === '' ? 'ctty' : name));
        return entry !== undefined && sees(entry, process) ? entry.node : undefined;
      },
      list: (process) => {
        this.#populate();
        return [...this.#entries.values()]
          .filter((entry) => entry.path === at(entry.node.name) && sees(entry, process))
          .map(({ node }) => [node.name, node] as const);
      },
      add: (name, node) => {
        if (node.kind !== 'symlink') fail('EOPNOTSUPP');
        this.#insert(at(name), node, 'user');
      },
      remove: (name) => {
        const entry = this.#entries.get(at(name));
        if (entry === undefined) return;
        if (entry.from === 'directory') fail('EOPNOTSUPP');
        if (entry.from === 'user') this.#entries.delete(entry.path);
        else entry.deleted = true;
      },
    };
  }
}

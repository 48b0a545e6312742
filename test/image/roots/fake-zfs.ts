import { mkdirSync, rmSync } from 'node:fs';
import type { FileCalls } from '../../../src/kernel/files.js';
import { ImageError } from '../../../src/image/error.js';
import { copyTree } from '../../../src/image/roots/copy-tree.js';
import type { Zfs } from '../../../src/image/roots/zfs.js';

interface Dataset {
  readonly mountpoint: string;
  readonly origin?: string;
}

/**
 * What zfs(8) does with the arguments that we give it, with directories in place of datasets: `create -o mountpoint=`, `clone`,
 * `snapshot`, `list -H -o name`, `destroy -r`. Anything else is an error, as it is there.
 */
export class FakeZfs {
  readonly commands: string[] = [];
  readonly #datasets = new Map<string, Dataset>();
  readonly #snapshots = new Map<string, string>();
  /** lists datasets in another order than that of use */
  oldestFirst = false;
  /** the next command that begins so fails */
  failing: string | undefined;

  constructor(
    private readonly files: FileCalls,
    private readonly store: string,
    parents: readonly string[],
  ) {
    for (const name of parents) this.#datasets.set(name, { mountpoint: '' });
  }

  names(): string[] {
    return [...this.#datasets.keys(), ...this.#snapshots.keys()].sort();
  }

  readonly run: Zfs = async (...args) => {
    await Promise.resolve();
    const line = args.join(' ');
    this.commands.push(line);
    if (this.failing === undefined || !line.startsWith(this.failing)) return this.#answer(args);
    this.failing = undefined;
    throw new ImageError('failed', `zfs ${line}: cannot: I/O error`);
  };

  #below(parent: string): string[] {
    const names = [...this.#datasets.keys()].filter((name) => name.startsWith(`${parent}/`));
    return this.oldestFirst ? names : names.reverse();
  }

  #answer(args: readonly string[]): string {
    const refuse = (why: string): never => {
      throw new ImageError('failed', `zfs ${args.join(' ')}: ${why}`);
    };
    const [command, ...rest] = args;
    const last = rest.at(-1) ?? '';
    const mountpoint = /^mountpoint=(.+)$/.exec(rest[1] ?? '')?.[1] ?? '';
    switch (command) {
      case 'create':
      case 'clone': {
        if (rest[0] !== '-o' || rest.length !== (command === 'create' ? 3 : 4)) refuse('usage');
        if (this.#datasets.has(last)) refuse('dataset already exists');
        const origin = command === 'clone' ? (rest[2] ?? '') : undefined;
        const from =
          origin === undefined
            ? undefined
            : (this.#snapshots.get(origin) ?? refuse('dataset does not exist'));
        mkdirSync(mountpoint);
        if (from !== undefined) copyTree(this.files, from, mountpoint, false);
        this.#datasets.set(last, { mountpoint, ...(origin !== undefined && { origin }) });
        return '';
      }
      case 'snapshot': {
        const dataset =
          this.#datasets.get(last.slice(0, last.indexOf('@'))) ?? refuse('dataset does not exist');
        const copy = `${this.store}/${this.commands.length}`;
        mkdirSync(copy);
        copyTree(this.files, dataset.mountpoint, copy, false);
        this.#snapshots.set(last, copy);
        return '';
      }
      case 'list':
        if (rest.slice(0, 3).join(' ') !== '-H -o name') refuse('usage');
        if (!this.#datasets.has(last) && !this.#snapshots.has(last))
          refuse(`cannot open '${last}': dataset does not exist`);
        if (!rest.includes('-d')) return `${last}\n`;
        return [last, ...this.#below(last)].join('\n');
      case 'destroy': {
        if (rest[0] !== '-r') refuse('usage');
        const dataset = this.#datasets.get(last) ?? refuse('dataset does not exist');
        const cloned = [...this.#datasets.values()].some(
          ({ origin }) => origin?.startsWith(`${last}@`) === true,
        );
        if (cloned) refuse('filesystem has dependent clones');
        this.#datasets.delete(last);
        for (const name of [...this.#snapshots.keys()])
          if (name.startsWith(`${last}@`)) this.#snapshots.delete(name);
        rmSync(dataset.mountpoint, { recursive: true });
        return '';
      }
      default:
        return refuse('unrecognized command');
    }
  }
}

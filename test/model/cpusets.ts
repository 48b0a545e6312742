import { fail } from './failure.js';
import type { System } from './system.js';

/** A numbered set of processors: one for each jail, and those that processes make. */
export interface Cpuset {
  readonly id: number;
  /** Undefined for the one that has all of them. */
  readonly parent: Cpuset | undefined;
  /** It is the set of a jail, which those in the jail cannot change. */
  readonly isJails: boolean;
  mask: ReadonlySet<number>;
}

const processors = 4;

/** The sets of processors. */
export class CpusetTable {
  readonly root: Cpuset = {
    id: 1,
    parent: undefined,
    isJails: true,
    mask: new Set(Array(processors).keys()),
  };
  #list: Cpuset[] = [this.root];
  #lastId = 1;

  /** A new set with the processors of another one. */
  make(parent: Cpuset, isJails = true): Cpuset {
    this.#lastId++;
    const made = { id: this.#lastId, parent, isJails, mask: parent.mask };
    this.#list.push(made);
    return made;
  }

  /** ESRCH if there is none. */
  find(id: number): Cpuset {
    return this.#list.find((set) => set.id === id) ?? fail('ESRCH');
  }

  /** cpuset_modify(): all below it is left with what it has of these. */
  change(system: System, set: Cpuset, mask: ReadonlySet<number>): void {
    if (!isSubset(mask, set.parent?.mask ?? this.root.mask)) fail('EINVAL');
    const below = this.#list.filter((each) => each !== set && isBelow(each, set));
    const members = system.processes.list.filter(({ cpuset }) => cpuset === set || below.includes(cpuset));
    const masks = [...below.map((each) => each.mask), ...members.map(({ cpus }) => cpus ?? mask)];
    if (masks.some((each) => common(each, mask).size === 0)) fail('EDEADLK');
    set.mask = mask;
    for (const each of below) each.mask = common(each.mask, mask);
    for (const each of members) if (each.cpus !== undefined) each.cpus = common(each.cpus, mask);
  }
}

export function isSubset(mask: ReadonlySet<number>, of: ReadonlySet<number>): boolean {
  return [...mask].every((cpu) => of.has(cpu));
}

function common(one: ReadonlySet<number>, other: ReadonlySet<number>): ReadonlySet<number> {
  return new Set([...one].filter((cpu) => other.has(cpu)));
}

function isBelow({ parent }: Cpuset, ancestor: Cpuset): boolean {
  return parent !== undefined && (parent === ancestor || isBelow(parent, ancestor));
}

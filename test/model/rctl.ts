import { fail } from './failure.js';
import { isWithin, type Jail } from './jail.js';
import type { Process } from './process.js';
import { isOfProcesses, matches, resourceNames, type Rule, type WholeRule } from './rctl-rules.js';
import type { System } from './system.js';

/** The rules of rctl(8). Those of a jail are its name's. */
export class ResourceLimits {
  readonly #system: System;
  /** The newest first. */
  #rules: WholeRule[] = [];
  /** The subjects, the newest first. */
  #subjects: string[] = [];

  constructor(system: System) {
    this.#system = system;
  }

  add(rule: WholeRule): void {
    const replaced = rule.action === 'deny' ? { ...rule, amount: undefined } : rule;
    const others = this.#rules.filter((each) => !matches(replaced, each));
    this.#rules = [rule, ...others];
    const subject = `${rule.subject}:${rule.name}`;
    if (!this.#subjects.includes(subject)) this.#subjects.unshift(subject);
  }

  /** Removes the rules that match; answers how many those were. */
  remove(filter: Rule): number {
    const kept = this.#rules.filter((rule) => !matches(filter, rule));
    const removed = this.#rules.length - kept.length;
    this.#rules = kept;
    return removed;
  }

  /** Processes first, then login classes, users and jails, each with its rules together. */
  list(filter: Rule): WholeRule[] {
    const place = (rule: WholeRule): number => {
      const kind = ['process', 'loginclass', 'user', 'jail'].indexOf(rule.subject);
      return kind * 1_000_000 + this.#subjects.indexOf(`${rule.subject}:${rule.name}`);
    };
    return this.#rules.filter((rule) => matches(filter, rule)).sort((a, b) => place(a) - place(b));
  }

  /** The rules that bind a process: those of its own jail, but not of those around it, its user's and its own. */
  binding({ pid, credential, jail }: Process): WholeRule[] {
    const names: Readonly<Record<string, string>> = {
      process: String(pid),
      user: String(credential.uid),
      jail: jail.name,
    };
    return this.#rules.filter(({ subject, name }) => names[subject] === name);
  }

  /** What the processes of a jail and of those in it use; nothing, if no jail has the name. */
  usageOfJail(name: string): ReadonlyMap<string, number> {
    const { jails, processes, terminals } = this.#system;
    const jail = jails.list.find((each) => each.name === name);
    const inside = (each: { readonly jail: Jail }): boolean =>
      jail !== undefined && isWithin(each.jail, jail);
    const used: Readonly<Record<string, number>> = {
      ...counts(processes.list.filter(inside)),
      pseudoterminals: terminals.open().filter(inside).length,
    };
    return new Map(resourceNames.map((resource) => [resource, used[resource] ?? 0]));
  }

  /** What one process uses, as far as that is known. */
  usageOf(process: Process): ReadonlyMap<string, number> {
    const used = counts([process]);
    return new Map(resourceNames.filter(isOfProcesses).map((resource) => [resource, used[resource] ?? 0]));
  }

  /** EAGAIN if one more of a resource is more than a process's jail may have. Those around it do not count. */
  require(process: Process, resource: 'maxproc' | 'nthr' | 'pseudoterminals'): void {
    const used = this.usageOfJail(process.jail.name).get(resource) ?? 0;
    if (this.#denied(process, resource).some((amount) => BigInt(used) >= amount)) fail('EAGAIN');
  }

  /** EMFILE if a process's jail may not have as many open files as the process's table is to hold. */
  requireFiles(process: Process, files: number): void {
    if (this.#denied(process, 'openfiles').some((amount) => BigInt(files) > amount)) fail('EMFILE');
  }

  /** What a process's jail may have of a resource, by each rule that says so. */
  #denied(process: Process, resource: string): bigint[] {
    if (!this.#system.accounting || process.jail.parent === undefined) return [];
    return this.binding(process)
      .filter(({ subject, per, action }) => subject === 'jail' && per === 'jail' && action === 'deny')
      .filter((rule) => rule.resource === resource)
      .map(({ amount }) => amount);
  }
}

function counts(members: readonly Process[]): Readonly<Record<string, number>> {
  return {
    maxproc: members.length,
    nthr: members.filter(({ alive }) => alive).length,
    openfiles: members.reduce((sum, { descriptors }) => sum + descriptors.numbers().length, 0),
  };
}

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

  /** The rules of jails around its own that bind a process as long as it is in this one. */
  readonly #bound = new WeakMap<Process, { readonly jail: Jail; readonly rules: ReadonlySet<WholeRule> }>();

  constructor(system: System) {
    this.#system = system;
  }

  add(rule: WholeRule): void {
    const replaced = rule.action === 'deny' ? { ...rule, amount: undefined } : rule;
    const others = this.#rules.filter((each) => !matches(replaced, each));
    this.#rules = [rule, ...others];
    const subject = `${rule.subject}:${rule.name}`;
    if (!this.#subjects.includes(subject)) this.#subjects.unshift(subject);
    if (rule.subject === 'jail') this.#bindInner(rule);
  }

  /** A rule of a jail binds those too who are in one below it by now, but none that come later: rctl_rule_add(). */
  #bindInner(rule: WholeRule): void {
    const around = this.#system.jails.list.find(({ name }) => name === rule.name);
    if (around === undefined) return;
    for (const process of this.#system.processes.list) {
      const { jail } = process;
      if (jail === around || !isWithin(jail, around)) continue;
      this.#bound.set(process, { jail, rules: new Set([...this.#boundTo(process), rule]) });
    }
  }

  #boundTo(process: Process): ReadonlySet<WholeRule> {
    const bound = this.#bound.get(process);
    return bound?.jail === process.jail ? bound.rules : new Set();
  }

  /** A child is bound by what binds its parent. */
  inherit(child: Process, parent: Process): void {
    this.#bound.set(child, { jail: parent.jail, rules: this.#boundTo(parent) });
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

  /** The rules that bind a process: its own, its user's and its jail's; of jails around it those that came later. */
  binding(process: Process): WholeRule[] {
    const { pid, credential, jail } = process;
    const bound = this.#boundTo(process);
    const names: Readonly<Record<string, string>> = {
      process: String(pid),
      user: String(credential.uid),
      jail: jail.name,
    };
    return this.#rules.filter((rule) => names[rule.subject] === rule.name || bound.has(rule));
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

  /** EAGAIN if one more of a resource is more than a process's jail may have, or one whose rule binds it. */
  require(process: Process, resource: 'maxproc' | 'nthr' | 'pseudoterminals'): void {
    // Whichever jail the rule is of, what counts is what its own jail uses: rctl_available_resource().
    const used = this.usageOfJail(process.jail.name).get(resource) ?? 0;
    if (this.#denied(process, resource).some(({ amount }) => BigInt(used) >= amount)) fail('EAGAIN');
  }

  /** EMFILE if a process's jail may not have as many open files as the process's table is to hold. */
  requireFiles(process: Process, files: number): void {
    if (this.#denied(process, 'openfiles').some(({ amount }) => BigInt(files) > amount)) fail('EMFILE');
  }

  /** The rules that say how much of a resource a process's jail may have. */
  #denied(process: Process, resource: string): WholeRule[] {
    if (!this.#system.accounting || process.jail.parent === undefined) return [];
    return this.binding(process)
      .filter(({ subject, per, action }) => subject === 'jail' && per === 'jail' && action === 'deny')
      .filter((rule) => rule.resource === resource);
  }
}

function counts(members: readonly Process[]): Readonly<Record<string, number>> {
  return {
    maxproc: members.length,
    nthr: members.filter(({ alive }) => alive).length,
    openfiles: members.reduce((sum, { descriptors }) => sum + descriptors.numbers().length, 0),
  };
}

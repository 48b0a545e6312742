import { makeJail, jailKind, type JailDetail } from '../../src/jail/jail/make.js';
import { parameterProbe } from '../../src/jail/jail/parameter-probe.js';
import { removeJailNamed } from '../../src/jail/jail/remove.js';
import { makeRoot } from '../../src/jail/make-root.js';
import { planJail } from '../../src/jail/plan.js';
import { documentField } from '../../src/jail/spec/annotations.js';
import { planProcess } from '../../src/jail/spec/process.js';
import {
  beginProcess,
  launchProcess,
  type BegunProcess,
  type LaunchTools,
  type PreparedProcess,
} from '../../src/jail/process/launch.js';
import { undoRoot } from '../../src/jail/undo-root.js';
import type { Release } from '../../src/kernel/bindings/types.js';
import type { ChildMaker } from '../../src/kernel/child.js';
import { parseSpec } from '../../src/runtime/spec.js';
import type { ProcessStdio, RuntimeProcess } from '../../src/runtime/runtime.js';
import { modelChildren } from '../model/children.js';
import type { Model } from '../model/model.js';
import { MemoryJournal } from './journal.js';
import { plainStdio, terminalStdio } from './process/world.js';
import { modelWith, nodeAt, plant } from './root/tree.js';

const spec = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs' },
  hostname: 'web1',
  process: {
    cwd: '/srv/www',
    args: ['httpd', '-f'],
    env: ['PATH=/usr/local/bin:/bin'],
    user: { username: 'www' },
    noNewPrivileges: true,
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 128, hard: 256 }],
  },
  mounts: [
    { destination: '/dev', type: 'devfs', source: 'devfs' },
    { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['size=1m'] },
  ],
  freebsd: { jail: { enforceStatfs: 1 } },
};

const shell = {
  cwd: '/',
  args: ['sh'],
  env: ['TERM=xterm'],
  terminal: true,
  consoleSize: { width: 80, height: 24 },
  user: { uid: 0, gid: 0 },
};

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A container in the making, step by step as a runtime does it. What there is of it can be taken away at any point. */
export class Life {
  readonly model: Model;
  readonly journal = new MemoryJournal();
  readonly reports: Error[] = [];
  readonly warnings: string[] = [];
  readonly tools: LaunchTools;
  readonly #terminals: { close: () => void }[] = [];
  /** Descriptors that the Task service closes if the runtime has not released them. */
  readonly #unreleased = new Set<() => void>();
  #stdio: ProcessStdio | undefined;
  #begun: BegunProcess | undefined;

  constructor(release: Release, children: (model: Model) => ChildMaker = modelChildren) {
    this.model = machine(release);
    this.tools = {
      system: this.model.freebsd,
      children: children(this.model),
      report: (error) => this.reports.push(error),
    };
  }

  /** Opens what the Task service opens, before the runtime is asked for anything. */
  async open(): Promise<this> {
    const stdio = await plainStdio(this);
    const release = (): void => {
      if (this.#unreleased.delete(release)) stdio.release();
    };
    this.#unreleased.add(release);
    this.#stdio = { ...stdio, release };
    return this;
  }

  async create(): Promise<{ jid: number; name: string; init: PreparedProcess }> {
    const { system } = this.tools;
    const plan = planJail(
      {
        key: { namespace: 'default', id: 'web' },
        bundle: '/jails/web',
        spec: parseSpec(JSON.stringify(spec), 'config.json'),
        rootfs: [{ type: 'nullfs', source: '/snapshots/s1', target: '', options: [] }],
      },
      { linuxRelease: undefined },
    );
    if (this.#stdio === undefined) throw new Error('not open');
    this.#begun = await beginProcess(this.tools, this.#stdio);
    const root = await makeRoot(system, { plan, bundle: '/jails/web', journal: this.journal });
    await root.close();
    const { jid, name } = await makeJail(
      { system, probe: parameterProbe(system), patience: 1000, pause },
      {
        name: plan.name,
        parents: plan.parents,
        parameters: plan.parameters,
        own: { path: root.path, devfs_ruleset: root.devfsRuleset },
        journal: this.journal,
      },
    );
    return { jid, name, init: await this.#begun.prepare({ jid, plan: plan.process }) };
  }

  /** Runs a shell with a terminal. */
  exec(jid: number): Promise<RuntimeProcess> {
    const stdio = terminalStdio(this);
    this.#terminals.push(stdio);
    return launchProcess(this.tools, { jid, plan: planProcess(documentField(shell)) }, stdio);
  }

  /** Takes away what there is, by the journal. May be called again after it failed. */
  async remove(): Promise<void> {
    const { system } = this.tools;
    for (const release of [...this.#unreleased]) release();
    for (const terminal of this.#terminals.splice(0)) terminal.close();
    await this.#begun?.abandon();
    for (const { seq, kind, detail } of this.journal.entries()) {
      if (kind !== jailKind) continue;
      await removeJailNamed(system, (detail as JailDetail).name, { patience: 1000, pause });
      this.journal.unmade(seq);
    }
    await undoRoot(system, this.journal, (warning) => this.warnings.push(warning));
  }
}

/** A machine with a bundle whose image is in a snapshot. */
function machine(release: Release): Model {
  const model = modelWith({}, release);
  plant(model, '/', {
    jails: { web: { rootfs: {} } },
    snapshots: {
      s1: {
        bin: { sh: 'x ' },
        dev: {},
        etc: { passwd: 'www:*:80:80::/srv/www:/bin/sh\n', group: 'www:*:80:\nlogs:*:90:www\n' },
        tmp: {},
        usr: { local: { bin: { httpd: 'x ' } } },
      },
    },
  });
  for (const path of ['bin/sh', 'usr/local/bin/httpd']) {
    nodeAt(model, `/snapshots/s1/${path}`).data = Buffer.from('\x7fELF program');
  }
  return model;
}

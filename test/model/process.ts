import type { Cpuset } from './cpusets.js';
import type { Program } from './execve.js';
import type { Jail } from './jail.js';
import { DescriptorTable } from './open-file.js';
import type { Place } from './place.js';
import type { Session } from './session.js';
import type { System } from './system.js';

export interface Credential {
  uid: number;
  gid: number;
  /** Without the effective gid. */
  groups: number[];
  jail: Jail;
}

/** A process, until its parent has collected it. */
export class Process {
  readonly system: System;
  readonly pid: number;
  parent: Process | undefined;
  credential: Credential;
  root: Place;
  workingDirectory: Place;
  descriptors = new DescriptorTable();
  group: number;
  session: Session;
  umask = 0o022;
  state: 'running' | 'stopped' | 'zombie' = 'running';
  /** As wait4(2) tells it, of a zombie. */
  status = 0;
  /** A stop or continuation that nobody has been told of. */
  unreported: number | undefined;
  /** Signals that came while it was stopped, and that wait for it to go on. */
  pending: number[] = [];
  /** issetugid(2): its credentials changed since it was last executed. */
  setId = false;
  command = 'init';
  /** The program that it runs, through which nobody makes calls. */
  executed: Program | undefined;
  /** The file of that program. */
  image: Buffer | undefined;
  /** Whether it has something of its own to do when it gets a signal, and then does. */
  caught: ((signal: number) => boolean) | undefined;
  limits = new Map<number, readonly [current: bigint, most: bigint]>();
  /** Whether orphans among its descendants become its children. */
  reaper = false;
  /** The set of processors that it is in, and those that it has been bound to, if it was. */
  cpuset: Cpuset;
  cpus: ReadonlySet<number> | undefined;
  /** The signal that it gets when its parent exits. */
  parentDeathSignal = 0;
  /** Whether debuggers may attach to it. */
  /** Microseconds that it has spent on processors. */
  runtime = 0n;
  traceable = true;
  /** Whether set-id bits mean nothing to it and its descendants. */
  noNewPrivileges = false;
  /** It was made by pdfork(2): wait4(-1) passes it over. */
  hidden = false;

  constructor(system: System, pid: number, parent: Process | undefined, like: ProcessStart) {
    this.system = system;
    this.pid = pid;
    this.parent = parent;
    this.credential = { ...like.credential, groups: [...like.credential.groups] };
    this.root = like.root;
    this.workingDirectory = like.workingDirectory;
    this.group = like.group;
    this.session = like.session;
    this.cpuset = like.cpuset;
    this.cpus = like.cpus;
  }

  get jail(): Jail {
    return this.credential.jail;
  }

  get alive(): boolean {
    return this.state !== 'zombie';
  }
}

/** What a process begins with. */
export type ProcessStart = Pick<
  Process,
  'credential' | 'root' | 'workingDirectory' | 'group' | 'session' | 'cpuset' | 'cpus'
>;

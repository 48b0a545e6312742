import { allBindings } from '../../src/kernel/bindings/select.js';
import type { Bindings, Release } from '../../src/kernel/bindings/types.js';
import { CpusetTable } from './cpusets.js';
import { DeviceRegistry, linuxSharedMemory, standardDevices } from './devices.js';
import { RulesetTable } from './devfs-rules.js';
import type { Jail } from './jail.js';
import { KernelFiles } from './kernel-files.js';
import { JailTable } from './jail-table.js';
import { finishTeardown } from './life.js';
import { MountTable } from './mount.js';
import { Network } from './network.js';
import { addNetworkSysctls } from './network-sysctls.js';
import type { OpenFile } from './open-file.js';
import { packetFilterDevice } from './pf-device.js';
import { addProcessSysctls } from './process-sysctls.js';
import { ProcessTable } from './process-table.js';
import { ResourceLimits } from './rctl.js';
import { addJailParameters, bootTime, standardSysctls } from './sysctl-names.js';
import { SysctlTree } from './sysctl-tree.js';
import { ownTerminal } from './terminal-files.js';
import { TerminalTable } from './terminals.js';

/** What a simulated kernel is made with. */
export interface SystemOptions {
  readonly release: Release;
  /** kern.osreldate; by default that of the first minor release that was looked at. */
  readonly osreldate?: number;
  /** What is compiled in or loaded. */
  readonly modules?: readonly string[];
  /** What kldload(2) finds. */
  readonly loadable?: readonly string[];
  /** The data sets of zfs. */
  readonly dataSets?: readonly string[];
  /** kern.racct.enable */
  readonly accounting?: boolean;
}

const osreldates: Readonly<Record<Release, number>> = {
  12: 1_201_000,
  13: 1_302_001,
  14: 1_401_000,
  15: 1_500_068,
};

export const fileSystems = ['ufs', 'devfs', 'nullfs', 'tmpfs', 'fdescfs', 'procfs', 'linprocfs', 'linsysfs'];
export const standardModules = [...fileSystems, 'if_bridge', 'if_epair', 'pf', 'linux'];

/** All state of a simulated kernel. */
export class System {
  readonly release: Release;
  readonly osreldate: number;
  readonly bindings: Bindings;
  readonly modules: Set<string>;
  readonly loadable: Set<string>;
  readonly accounting: boolean;
  readonly jails: JailTable;
  readonly dataSets: ReadonlySet<string>;
  readonly mounts = new MountTable();
  readonly processes: ProcessTable;
  readonly devices = new DeviceRegistry();
  readonly rulesets = new RulesetTable();
  readonly terminals: TerminalTable;
  readonly network: Network;
  readonly cpusets = new CpusetTable();
  readonly files: KernelFiles;
  readonly limits = new ResourceLimits(this);
  readonly sysctls = new SysctlTree();
  /** Files that are passed from one process to another and that none has. */
  readonly inFlight: OpenFile[] = [];
  /** Microseconds: when it was booted, since 1970 by the clock of now, and how long it has been up. */
  readonly clock = { booted: bootTime * 1_000_000n, uptime: 3_600_000_000n };
  readonly #looked = new Set<Jail>();

  constructor(options: SystemOptions, hostJail: (system: System) => Jail) {
    const { release } = options;
    this.release = release;
    this.osreldate = options.osreldate ?? osreldates[release];
    const bindings = allBindings.find((set) => set.release === release && set.arch === 'amd64');
    if (bindings === undefined) throw new Error(`there are no bindings for FreeBSD ${release}`);
    this.bindings = bindings;
    this.modules = new Set(options.modules ?? standardModules);
    this.loadable = new Set(options.loadable ?? ['zfs', 'carp', 'if_tap']);
    this.files = new KernelFiles(this);
    this.dataSets = new Set(options.dataSets ?? ['tank/a', 'tank/b']);
    this.accounting = options.accounting ?? true;
    this.network = new Network(this);
    this.terminals = new TerminalTable(this);
    this.processes = new ProcessTable(this);
    this.jails = new JailTable(hostJail(this));
    standardDevices(this.devices);
    this.devices.add(ownTerminal(this));
    if (this.modules.has('pf')) this.devices.add(packetFilterDevice);
    if (this.modules.has('linux64')) this.devices.add(linuxSharedMemory);
    standardSysctls(this);
    addNetworkSysctls(this);
    addProcessSysctls(this);
  }

  /** Has a module in the kernel, with the parameters of jails and the device that come with it. */
  load(module: string): void {
    if (module === 'pf' && !this.modules.has('pf')) this.devices.add(packetFilterDevice);
    if (module === 'linux64' && !this.modules.has('linux64')) this.devices.add(linuxSharedMemory);
    this.modules.add(module);
    addJailParameters(this);
  }

  /** The files that somebody has open. */
  openFiles(): OpenFile[] {
    return [...this.inFlight, ...this.processes.list.flatMap(({ descriptors }) => descriptors.files())];
  }

  /** Somebody looked at a jail: a teardown that goes on meanwhile is over when he looks again. */
  looked(jail: Jail): void {
    if (jail.teardown) this.#looked.add(jail);
  }

  /** Lets the teardowns that go on come to their end, as they do when nobody looks. */
  finishTeardowns(): void {
    for (const jail of this.jails.list.filter(({ teardown }) => teardown)) finishTeardown(this, jail);
  }

  /** Lets the kernel's threads come to the end of what they do after the call that has been made. */
  settle(): void {
    for (const jail of this.#looked) finishTeardown(this, jail);
    this.#looked.clear();
  }
}

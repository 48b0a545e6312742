import { mkdtempSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { parameterProbe } from '../../src/jail/jail/parameter-probe.js';
import { jailRuntime } from '../../src/jail/runtime.js';
import type { RuntimeTools } from '../../src/jail/tools.js';
import { write } from '../../src/kernel/freebsd/file.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Release } from '../../src/kernel/bindings/types.js';
import { NetworkFilter } from '../../src/network/filter.js';
import { hostsFiles } from '../../src/network/hosts-file.js';
import { Preparation } from '../../src/network/preparation.js';
import { readNetworks } from '../../src/network/settings.js';
import type { CreateRequest, ProcessStdio, Runtime, RuntimeContainer } from '../../src/runtime/runtime.js';
import { parseSpec } from '../../src/runtime/spec.js';
import type { Store } from '../../src/store/database.js';
import { leaseStore } from '../../src/store/leases.js';
import { macStore } from '../../src/store/macs.js';
import { nameStore } from '../../src/store/names.js';
import { openNetworkStore } from '../../src/store/network-database.js';
import { portStore } from '../../src/store/ports.js';
import { modelChildren } from '../model/children.js';
import { WouldBlock } from '../model/blocking.js';
import { ModelKernel } from '../model/kernel.js';
import { openModel, type Model } from '../model/model.js';
import type { SystemOptions } from '../model/system.js';
import type { Process } from '../model/process.js';
import { MemoryJournal } from './journal.js';
import type { Json } from './planning.js';
import { plainStdio } from './process/world.js';
import { nodeAt, plant } from './root/tree.js';

const options = {
  noPivotRoot: false,
  noNewKeyring: false,
  systemdCgroup: false,
  binaryName: '',
  root: '',
  ioUid: 0,
  ioGid: 0,
};

const spec: Json = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs' },
  process: { cwd: '/srv/www', args: ['httpd', '-f'], env: ['PATH=/usr/local/bin:/bin'] },
  mounts: [
    { destination: '/dev', type: 'devfs', source: 'devfs', options: ['ruleset=4'] },
    { destination: '/dev/fd', type: 'fdescfs', source: 'fdescfs' },
    { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['size=1m'] },
  ],
};

/** A simulated machine with the jail runtime, and an image in a snapshot. */
export class RuntimeWorld {
  readonly model: Model;
  readonly tools: RuntimeTools;
  readonly runtime: Runtime;
  readonly warnings: string[] = [];
  readonly reports: string[] = [];
  readonly #before: string[];
  networkStore: Store | undefined;
  #folder: string | undefined;

  constructor(release: Release, system: Omit<SystemOptions, 'release'> = {}, network = 'host') {
    this.model = openModel(release, system);
    const networks = network === 'host' ? undefined : this.#networks();
    const { model } = this;
    plant(model, '/', {
      jails: { web: { rootfs: {} }, other: { rootfs: {} } },
      snapshots: {
        s1: {
          bin: { sh: 'x ' },
          dev: {},
          etc: { passwd: 'root:*:0:0::/root:/bin/sh\nwww:*:80:80::/srv/www:/bin/sh\n' },
          tmp: {},
          usr: { local: { bin: { httpd: 'x ' } } },
        },
      },
    });
    for (const path of ['bin/sh', 'usr/local/bin/httpd']) {
      nodeAt(model, `/snapshots/s1/${path}`).data = Buffer.from('\x7fELF program');
    }
    this.tools = {
      system: model.freebsd,
      children: modelChildren(model),
      probe: parameterProbe(model.freebsd),
      patience: 1000,
      // The teardown of a network stack takes a thread of the kernel a moment, and Node to hear of an exit as well.
      pause: () => {
        model.system.finishTeardowns();
        return new Promise((resolve) => setImmediate(resolve));
      },
      defaults: { linuxRelease: undefined },
      defaultNetwork: network,
      networks,
      hookTimeout: 60_000,
      warn: (_key, message) => this.warnings.push(message),
      report: (error) => this.reports.push(error.message),
    };
    this.runtime = jailRuntime(this.tools);
    this.#before = this.remains();
  }

  #networks(): RuntimeTools['networks'] {
    const { freebsd } = this.model;
    this.networkStore = openNetworkStore(':memory:');
    // The runtime writes files of this machine, and the simulated one mounts what it has at the same path.
    this.#folder = mkdtempSync('/var/tmp/networks-');
    const files = { 'hosts-default': 'hosts', 'resolv.conf-default': 'servers' };
    plant(this.model, '/var/tmp', { [basename(this.#folder)]: files });
    return {
      system: freebsd,
      exclusively: (task) => task(),
      filter: new NetworkFilter(freebsd, (message) => this.warnings.push(message)),
      preparation: new Preparation(freebsd, (message) => this.warnings.push(message)),
      leases: leaseStore(this.networkStore),
      macs: macStore(this.networkStore),
      ports: portStore(this.networkStore),
      hosts: hostsFiles(nameStore(this.networkStore), this.#folder),
      folder: this.#folder,
      hostId: 'test-host',
      networks: readNetworks(undefined),
    };
  }

  /** Removes what of this world lies outside of it. */
  close(): void {
    this.networkStore?.close();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true });
  }

  /** All that is there, in words. */
  remains(): string[] {
    return this.model.remains();
  }

  /** What is there that was not there at the beginning. */
  left(): string[] {
    return this.remains().filter((one) => !this.#before.includes(one));
  }

  async request(members: Json = {}, changes: Partial<CreateRequest> = {}): Promise<CreateRequest> {
    const id = changes.key?.id ?? 'web';
    return {
      key: { namespace: 'default', id },
      bundle: `/jails/${id}`,
      spec: parseSpec(JSON.stringify({ ...spec, ...members }), 'config.json'),
      rootfs: [{ type: 'nullfs', source: '/snapshots/s1', target: '', options: [] }],
      options,
      stdio: await this.stdio(),
      journal: new MemoryJournal(),
      ...changes,
    };
  }

  /** Descriptors for a process, which may be released more than once. */
  async stdio(): Promise<ProcessStdio & { terminal: false }> {
    const stdio = await plainStdio({ model: this.model });
    let released = false;
    return {
      ...stdio,
      release: () => {
        if (!released) stdio.release();
        released = true;
      },
    };
  }

  /** The daemon is killed: what it had open is closed, whatever holds on to it here. */
  daemonDied(): void {
    this.model.kernel.process.descriptors.closeAll();
  }

  process({ pid }: Pick<RuntimeContainer['init'], 'pid'>): Process {
    const found = this.model.system.processes.get(pid);
    if (found === undefined) throw new Error(`no process ${pid}`);
    return found;
  }

  /** Has a process write to one of its descriptors, as soon as there is room. */
  async write(process: Process, fd: number, bytes: Uint8Array): Promise<void> {
    const { faults, freebsd, system } = this.model;
    const own = { kernel: new ModelKernel(system, process, faults), bindings: freebsd.bindings };
    for (;;) {
      try {
        await run(own, (b) => write(b, fd, bytes, `descriptor ${fd}`));
        return;
      } catch (error) {
        if (!(error instanceof WouldBlock)) throw error;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** The process that runs this program, as soon as one does. */
  async executed(path: string): Promise<Process> {
    for (;;) {
      const found = this.model.system.processes.list.find((one) => one.alive && one.executed?.path === path);
      if (found !== undefined) return found;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { isKernelError, type KernelError } from '../../../src/kernel/error.js';
import type { BatchBuilder, Step } from '../../../src/kernel/freebsd/batch-builder.js';
import { openTemporarily, write } from '../../../src/kernel/freebsd/file.js';
import { getJail, removeJail, setJail, type JailKey } from '../../../src/kernel/freebsd/jail.js';
import type { JailParameters } from '../../../src/kernel/freebsd/jail-parameters.js';
import { mount } from '../../../src/kernel/freebsd/mount.js';
import { run, type Answers, type FreeBSD, type Steps } from '../../../src/kernel/freebsd/run.js';
import type { Release } from '../../../src/kernel/bindings/types.js';
import { call, type Outcome } from './raw.js';
import type { Machine, Process } from './machine.js';

/** What one case has to work with. Whatever it makes is gone when it is over. */
export class Case {
  readonly machine: Machine;
  readonly #cleanups: (() => Promise<unknown>)[] = [];
  readonly #unique = randomBytes(3).toString('hex');
  #names = 0;
  #scratch: Promise<string> | undefined;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  get system(): FreeBSD {
    return this.machine.system;
  }

  get release(): Release {
    return this.machine.release;
  }

  get constants(): FreeBSD['bindings']['constants'] {
    return this.system.bindings.constants;
  }

  /** A name that nothing on the machine has. It is not numeric and has no dot. */
  name(prefix = 'c'): string {
    this.#names++;
    return `${prefix}x${this.#unique}x${this.#names}`;
  }

  /** Has something done at the end, before what was given earlier. */
  defer(cleanup: () => Promise<unknown>): void {
    this.#cleanups.push(cleanup);
  }

  run<const S extends Steps>(build: (b: BatchBuilder) => S): Promise<Answers<S>> {
    return run(this.system, build);
  }

  /** Has a step called that must fail so. */
  async refused(code: string, build: (b: BatchBuilder) => Step<unknown>): Promise<KernelError> {
    const error: unknown = await run(this.system, build).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(isKernelError(error), `expected ${code}, got ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return error;
  }

  /** A folder of its own, empty, on a tmpfs of its own. */
  scratch(): Promise<string> {
    this.#scratch ??= this.#makeScratch();
    return this.#scratch;
  }

  async #makeScratch(): Promise<string> {
    const path = await this.#scratchPoint();
    await this.mounted((b) => mount(b, { type: 'tmpfs', target: path }), path);
    return path;
  }

  /** A folder to mount on: a new one, or, where none can be made, one that is there for that. */
  async #scratchPoint(): Promise<string> {
    const name = this.name('conformance');
    for (const parent of ['/tmp', '/mnt', '/var/tmp', '']) {
      const path = `${parent}/${name}`;
      const { error } = await this.#mkdir(path);
      assert.ok(['', 'ENOENT', 'ENOTDIR', 'EROFS'].includes(error), `mkdir ${path}: ${error}`);
      if (error !== '') continue;
      this.defer(() => call(this.system.kernel, 'rmdir', (a) => [{ arena: a.text(path, 'path') }]));
      return path;
    }
    return '/mnt';
  }

  #mkdir(path: string): Promise<Outcome> {
    return call(this.system.kernel, 'mkdir', (a) => [{ arena: a.text(path, 'path') }, 0o755]);
  }

  /** Makes a folder in the scratch folder, and answers its path. */
  async makeFolder(name: string): Promise<string> {
    const path = `${await this.scratch()}/${name}`;
    const { error } = await this.#mkdir(path);
    assert.equal(error, '', `mkdir ${path}`);
    return path;
  }

  async #onPath(symbol: string, ...paths: readonly string[]): Promise<void> {
    const made = await call(this.system.kernel, symbol, (arena) => {
      return paths.map((path) => ({ arena: arena.text(path, 'path') }));
    });
    assert.equal(made.error, '', `${symbol} ${paths.join(' ')}`);
  }

  /** Makes a symbolic link in the scratch folder. */
  symlink(target: string, path: string): Promise<void> {
    return this.#onPath('symlink', target, path);
  }

  removeFolder(path: string): Promise<void> {
    return this.#onPath('rmdir', path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#onPath('rename', from, to);
  }

  /** Makes a file in the scratch folder, and answers its path. */
  async makeFile(name: string, data = ''): Promise<string> {
    const path = `${await this.scratch()}/${name}`;
    await this.run((b) => {
      const create = { mode: 0o644, exclusive: true };
      const fd = openTemporarily(b, path, { access: 'write', create });
      return write(b, fd, Buffer.from(data), path);
    });
    return path;
  }

  /** Mounts something that is unmounted at the end, by force, unless it is gone by then. */
  async mounted(build: (b: BatchBuilder) => Step<void>, path: string): Promise<void> {
    await this.run(build);
    this.unmountLater(path);
  }

  unmountLater(path: string): void {
    this.defer(async () => {
      const force = this.constants.MNT_FORCE;
      const { error } = await call(this.system.kernel, 'unmount', (arena) => [
        { arena: arena.text(path, 'path') },
        force,
      ]);
      assert.ok(['', 'EINVAL', 'ENOENT', 'ENAMETOOLONG'].includes(error), `unmount ${path}: ${error}`);
    });
  }

  /** Makes a jail that persists and is removed at the end, unless it is gone by then. */
  async jail(parameters: JailParameters = {}): Promise<number> {
    const whole = { name: this.name('jail'), persist: true, ...parameters };
    const jid = await this.run((b) => setJail(b, whole, { operation: 'create' }));
    this.removeLater(jid);
    return jid;
  }

  removeLater(jid: number): void {
    this.defer(() => this.removeJail(jid));
  }

  /** Removes a jail if it is there, and waits until it is gone. */
  async removeJail(jid: number): Promise<void> {
    await this.run((b) => removeJail(b, jid)).catch((error: unknown) => {
      if (!isKernelError(error, 'EINVAL')) throw error;
    });
    await this.gone({ jid });
  }

  /** Waits until a jail is gone, not only dying. */
  async gone(key: JailKey): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (await this.exists(key)) {
      assert.ok(Date.now() < deadline, `jail ${JSON.stringify(key)} is still dying after 20 s`);
    }
  }

  /** Whether a jail is there, or at least dying. */
  async exists(key: JailKey): Promise<boolean> {
    const found = await this.run((b) => b.attempt(() => getJail(b, key, [], { dying: true })));
    if (isKernelError(found) && found.code !== 'ENOENT') throw found;
    return !isKernelError(found);
  }

  /** A process of root on the host, which ends with the case. */
  async child(): Promise<Process> {
    const { process } = this.machine;
    assert.ok(process, 'the machine has no processes to make');
    const child = await process.fork();
    this.defer(async () => {
      child.close();
      await this.collect(child.pid);
    });
    return child;
  }

  /** Waits for the end of a child, and answers its status; undefined if somebody has been told already. */
  async collect(pid: number): Promise<number | undefined> {
    const { process } = this.machine;
    assert.ok(process);
    let at = 0;
    const { value, error, arena } = await call(process, 'wait4', (a) => {
      at = a.reserve(8);
      return [pid, { arena: at }, 0, 0];
    });
    if (error === 'ECHILD') return undefined;
    assert.deepEqual([value, error], [pid, '']);
    return new DataView(arena.buffer, arena.byteOffset).getInt32(at, true);
  }

  /** Undoes what the case did, last first; throws the first error after trying all. */
  async finish(): Promise<void> {
    let failure: unknown;
    for (const cleanup of this.#cleanups.splice(0).reverse()) {
      await cleanup().catch((error: unknown) => {
        failure ??= error;
      });
    }
    if (failure !== undefined) throw failure as Error;
  }
}

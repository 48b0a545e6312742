import assert from 'node:assert/strict';
import { isKernelError } from '../../src/kernel/error.js';
import { cpuMaskSize, setCpus } from '../../src/kernel/freebsd/cpuset.js';
import { addDevfsRule, deleteDevfsRule } from '../../src/kernel/freebsd/devfs-rules.js';
import { becomeUser, startSession } from '../../src/kernel/freebsd/credentials.js';
import { close, makeDirectory, openTemporarily, statusAt } from '../../src/kernel/freebsd/file.js';
import { attachJail, getJail, removeJail, setJail } from '../../src/kernel/freebsd/jail.js';
import { mount, unmount, type Mount } from '../../src/kernel/freebsd/mount.js';
import { nullfsMount } from '../../src/kernel/freebsd/nullfs.js';
import { addRule, listRules, readUsage, removeRules } from '../../src/kernel/freebsd/rctl.js';
import { run, type FreeBSD } from '../../src/kernel/freebsd/run.js';
import {
  openSlave,
  openTerminal,
  setTerminalSize,
  takeTerminal,
  terminalNumber,
} from '../../src/kernel/freebsd/terminal.js';
import type { ModelKernel } from './kernel.js';
import type { Model } from './model.js';
import type { Made } from './network-scenario.js';

const root = '/mnt';
const name = 'faulty';
const ruleset = 1000;
const patterns = ['null', 'zero', 'pts', 'pts/*'];

/**
 * All that a container without a network is made of: a root with mounts in it, devices by rules of its own, limits, a jail,
 * processors, and a process with a terminal. How to undo each is noted before it is made.
 */
export async function makeContainer(model: Model, made: Made): Promise<void> {
  const { freebsd } = model;
  await makeRoot(freebsd, made);
  await limit(freebsd, made);
  const jid = await makeJail(freebsd, made);
  await runInside(model, made, jid);
}

/** Does nothing if what it is about is not there. */
async function unlessGone(codes: readonly string[], doing: Promise<unknown>): Promise<void> {
  await doing.catch((error: unknown) => {
    if (!isKernelError(error, ...codes)) throw error;
  });
}

async function mounted(system: FreeBSD, { undo }: Made, what: Mount): Promise<void> {
  undo.push(() =>
    unlessGone(
      ['EINVAL', 'ENOENT'],
      run(system, (b) => unmount(b, { path: what.target })),
    ),
  );
  await run(system, (b) => mount(b, what));
}

async function makeRoot(system: FreeBSD, made: Made): Promise<void> {
  await mounted(system, made, { type: 'tmpfs', target: root, size: 1 << 20, mode: 0o755 });
  await run(system, (b) => {
    const folder = openTemporarily(b, root, { directory: true });
    return ['dev', 'usr', 'proc'].map((each) => makeDirectory(b, folder, each, 0o755));
  });
  await defineDevices(system, made);
  await mounted(system, made, { type: 'devfs', target: `${root}/dev`, ruleset });
  const paths = ['/usr', `${root}/usr`];
  const [source, target] = await run(system, (b) => paths.map((path) => statusAt(b, path)));
  assert.ok(source && target);
  const found = [
    { path: '/usr', status: source },
    { path: `${root}/usr`, status: target },
  ] as const;
  await mounted(system, made, nullfsMount(found[0], found[1], { readOnly: true }));
  await mounted(system, made, { type: 'procfs', target: `${root}/proc` });
}

async function defineDevices(system: FreeBSD, { undo }: Made): Promise<void> {
  const rules = [{ hide: true }, ...patterns.map((pattern) => ({ pattern, unhide: true }))];
  undo.push(async () => {
    for (const [index] of rules.entries()) {
      const deleting = run(system, (b) => {
        return deleteDevfsRule(b, openTemporarily(b, '/dev', { directory: true }), ruleset, index + 1);
      });
      await unlessGone(['ENOENT'], deleting);
    }
  });
  await run(system, (b) => {
    const folder = openTemporarily(b, '/dev', { directory: true });
    return rules.map((rule, index) => addDevfsRule(b, folder, ruleset, index + 1, rule));
  });
}

async function limit(system: FreeBSD, { undo }: Made): Promise<void> {
  undo.push(() =>
    unlessGone(
      ['ESRCH'],
      run(system, (b) => removeRules(b, name)),
    ),
  );
  await run(system, (b) => [
    addRule(b, { jail: name, resource: 'maxproc', action: 'deny', amount: 10n }),
    addRule(b, { jail: name, resource: 'memoryuse', action: 'deny', amount: 1n << 30n }),
    addRule(b, { jail: name, resource: 'readbps', action: 'throttle', amount: 1_000_000n }),
  ]);
  assert.equal((await listRules(system, name)).length, 3);
}

async function makeJail(system: FreeBSD, { undo }: Made): Promise<number> {
  undo.push(() => removeByName(system));
  const parameters = { name, path: root, persist: true, 'host.hostname': name } as const;
  const jid = await run(system, (b) => setJail(b, parameters, { operation: 'create' }));
  const size = await cpuMaskSize(system);
  await run(system, (b) => setCpus(b, { jid }, [0, 1], size));
  return jid;
}

/** Removes the jail if it is there, and waits until it is gone: a closed terminal keeps it until devices are looked at. */
async function removeByName(system: FreeBSD): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const found = await run(system, (b) => b.attempt(() => getJail(b, { name }, [], { dying: true })));
    if (isKernelError(found, 'ENOENT')) return;
    if (isKernelError(found)) throw found;
    await run(system, (b) => [removeJail(b, found.jid), statusAt(b, '/dev/null')]);
  }
  assert.fail(`jail ${name} does not go`);
}

async function runInside(model: Model, { undo }: Made, jid: number): Promise<void> {
  const child = await model.kernel.fork();
  undo.push(() => endChild(model, child));
  const system = { kernel: child, bindings: model.freebsd.bindings };
  await run(system, (b) => attachJail(b, jid));
  const { master, number } = await run(system, (b) => {
    const opened = openTerminal(b);
    return { master: opened, number: terminalNumber(b, opened.value) };
  });
  await run(system, (b) => {
    startSession(b);
    const slave = openSlave(b, number);
    takeTerminal(b, slave.value);
    setTerminalSize(b, master, { rows: 24, columns: 80 });
    close(b, slave.value);
    return becomeUser(b, { uid: 1001, gid: 1001, groups: [20] });
  });
  assert.equal((await run(model.freebsd, (b) => readUsage(b, name))).get('maxproc'), 1n);
}

async function endChild({ freebsd }: Model, child: ModelKernel): Promise<void> {
  child.close();
  const waiting = run(freebsd, (b) => {
    const value = b.call('wait4', [child.pid, 0, 0, 0], { object: `process ${child.pid}` });
    return { value, decode: () => undefined };
  });
  await unlessGone(['ECHILD'], waiting);
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeJail, jailKind } from '../../src/jail/jail/make.js';
import { parameterProbe } from '../../src/jail/jail/parameter-probe.js';
import { removeJailAndWait } from '../../src/jail/jail/remove.js';
import { makeRoot } from '../../src/jail/make-root.js';
import { planJail } from '../../src/jail/plan.js';
import { planProcess } from '../../src/jail/spec/process.js';
import { documentField } from '../../src/jail/spec/annotations.js';
import { beginProcess, launchProcess, type LaunchTools } from '../../src/jail/process/launch.js';
import { everybodyIn } from '../../src/jail/process/everybody.js';
import { undoRoot } from '../../src/jail/undo-root.js';
import type { Release } from '../../src/kernel/bindings/types.js';
import { keepSpareChild } from '../../src/kernel/freebsd/spare-child.js';
import { parseSpec } from '../../src/runtime/spec.js';
import { modelChildren } from '../model/children.js';
import { exitProgram } from '../model/execve.js';
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

/** A machine with a bundle whose image is in a snapshot. */
function machine(release: Release) {
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

describe('the life of a container', () => {
  for (const release of [12, 14, 15] as const) {
    it(`from its spec to its end, leaving nothing (FreeBSD ${release})`, async (t) => {
      const model = machine(release);
      const { freebsd: system } = model;
      const before = model.remains();
      const journal = new MemoryJournal();
      const reports: Error[] = [];
      const spare = keepSpareChild(system, modelChildren(model));
      const tools: LaunchTools = { system, children: spare, report: (error) => reports.push(error) };
      await spare.prepare();
      const calls = model.faults.made;

      // Create.
      const plan = planJail(
        {
          key: { namespace: 'default', id: 'web' },
          bundle: '/jails/web',
          spec: parseSpec(JSON.stringify(spec), 'config.json'),
          rootfs: [{ type: 'nullfs', source: '/snapshots/s1', target: '', options: [] }],
        },
        { linuxRelease: undefined },
      );
      const begun = await beginProcess(tools, await plainStdio({ model }));
      const root = await makeRoot(system, { plan, bundle: '/jails/web', journal });
      await root.close();
      const { jid, name, seq } = await makeJail(
        { system, probe: parameterProbe(system), patience: 1000 },
        {
          name: plan.name,
          parents: plan.parents,
          parameters: plan.parameters,
          own: { path: root.path, devfs_ruleset: root.devfsRuleset },
          journal,
        },
      );
      assert.equal(model.system.jails.get(jid)?.name, name);
      const init = await begun.prepare({ jid, plan: plan.process });
      const process = model.system.processes.get(init.process.pid);
      assert.ok(process);
      assert.deepEqual(
        [process.jail.jid, process.credential.uid, process.credential.groups],
        [jid, 80, [90]],
      );

      // Start.
      await init.start();
      assert.deepEqual(process.executed, {
        path: '/usr/local/bin/httpd',
        argv: ['httpd', '-f'],
        environment: ['PATH=/usr/local/bin:/bin', 'HOME=/srv/www'],
      });

      // Exec, with a terminal.
      const stdio = terminalStdio({ model });
      const execution = planProcess(documentField(shell));
      const exec = await launchProcess(tools, { jid, plan: execution }, stdio);
      assert.equal(model.system.processes.get(exec.pid)?.session.terminal, 'pts/0');
      const everybody = everybodyIn(system, jid);
      assert.deepEqual(
        await everybody.pids(),
        [init.process.pid, exec.pid].sort((a, b) => a - b),
      );
      await everybody.pause();
      assert.equal(process.state, 'stopped');
      await everybody.resume();
      const shellProcess = model.system.processes.get(exec.pid);
      assert.ok(shellProcess);
      exitProgram(shellProcess, 3);
      assert.equal((await exec.exited).status, 3);
      stdio.close();

      // Kill and Delete.
      await everybody.signal(9);
      assert.equal((await init.process.exited).status, 137);
      const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
      await removeJailAndWait(system, jid, { patience: 1000, pause });
      journal.unmade(seq);
      assert.equal(
        journal.entries().some(({ kind }) => kind === jailKind),
        false,
      );
      await undoRoot(system, journal, (warning) => assert.fail(warning));
      t.diagnostic(`${model.faults.made - calls} calls`);

      await spare.close();
      assert.deepEqual(model.remains(), before);
      assert.deepEqual([journal.entries(), reports], [[], []]);
    });
  }
});

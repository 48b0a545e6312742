import assert from 'node:assert/strict';
import { makeSocketPair, receiveDescriptor } from '../../src/kernel/freebsd/descriptor-passing.js';
import { read, statusAt, write } from '../../src/kernel/freebsd/file.js';
import { prepareLaunch, type Launch } from '../../src/kernel/freebsd/launch.js';
import { mount } from '../../src/kernel/freebsd/mount.js';
import { run } from '../../src/kernel/freebsd/run.js';
import {
  control,
  readTerminalSize,
  setTerminalSize,
  terminalPath,
} from '../../src/kernel/freebsd/terminal.js';
import type { Case } from './harness/case.js';
import { group, type On } from './harness/group.js';
import { tryPath } from './harness/mounts.js';
import { errorOf, member, type Member } from './harness/processes.js';

const processes: On = { needs: ['processes'] };

/** A jail with a devfs, a process launched in it with a terminal, and its parent who has the master. */
async function launched(
  c: Case,
  changes: Partial<Launch> = {},
): Promise<{ child: Member; parent: Member; master: number; root: string }> {
  const root = await c.makeFolder('root');
  const dev = await c.makeFolder('root/dev');
  await c.mounted((b) => mount(b, { type: 'devfs', target: dev }), dev);
  const jid = await c.jail({ path: root });
  // A terminal keeps its jail until somebody looks anything up in a devfs (12.1).
  c.defer(() => c.run((b) => statusAt(b, '/dev/null')));
  const parent = await member(c);
  const { near, far } = await run(parent.system, (b) => makeSocketPair(b));
  const child = await member(c, parent);
  for (const standard of [0, 1, 2]) assert.equal(await errorOf(child, 'dup2', far, standard), '');
  await prepareLaunch(child.process, c.system.bindings, {
    jid,
    identity: { uid: 1001, gid: 1002, groups: [] },
    workingDirectory: '/',
    makeWorkingDirectory: false,
    umask: 0o022,
    limits: [],
    noNewPrivileges: false,
    terminal: { size: { rows: 24, columns: 80 } },
    candidates: ['/none'],
    ...changes,
  });
  const master = await run(parent.system, (b) => receiveDescriptor(b, near, 'terminal'));
  return { child, parent, master, root };
}

group(
  'launching a process with a terminal',
  'observed on 12.1: T2 to T13, L25d',
  (states) => {
    states('gives it a terminal on all three descriptors, with a name in the jail', async (c) => {
      const { child, parent, master, root } = await launched(c);
      const path = await run(parent.system, (b) => terminalPath(b, master));
      const names = await run(child.system, (b) => [0, 1, 2].map((fd) => terminalPath(b, fd)));
      assert.deepEqual(names, [path, path, path]);
      const { kind, uid } = await run(child.system, (b) => statusAt(b, path));
      assert.deepEqual([kind, uid], ['character device', 1001]);
      const { kind: seen } = await c.run((b) => statusAt(b, `${root}${path}`));
      assert.equal(seen, 'character device');
    });

    states('controls the session by it', async (c) => {
      const { child } = await launched(c);
      const session = await run(child.system, (b) => {
        const at = b.arena.reserve(8);
        const value = control(b, 0, 'TIOCGSID', { arena: at });
        return {
          value,
          decode: ({ arena }) => new DataView(arena.buffer, arena.byteOffset).getInt32(at, true),
        };
      });
      assert.equal(session, child.pid);
      assert.equal(await tryPath(child.process, 'open', '/dev/tty', c.constants.O_RDWR), '');
    });

    states('has the size that was asked for, and others later', async (c) => {
      const { child, parent, master } = await launched(c, { terminal: { size: { rows: 5, columns: 7 } } });
      const size = () => run(child.system, (b) => readTerminalSize(b, 0));
      assert.deepEqual(await size(), { rows: 5, columns: 7 });
      await run(parent.system, (b) => setTerminalSize(b, master, { rows: 50, columns: 132 }));
      assert.deepEqual(await size(), { rows: 50, columns: 132 });
    });

    states('has no size unless one is asked for', async (c) => {
      const { child } = await launched(c, { terminal: { size: undefined } });
      assert.deepEqual(await run(child.system, (b) => readTerminalSize(b, 0)), { rows: 0, columns: 0 });
    });

    states('carries what is written, and what is typed', async (c) => {
      const { child, parent, master } = await launched(c);
      await run(child.system, (b) => write(b, 1, Buffer.from('hello\n'), 'terminal'));
      const shown = await run(parent.system, (b) => read(b, master, 100, 'terminal'));
      assert.equal(Buffer.from(shown).toString(), 'hello\r\n');
      await run(parent.system, (b) => write(b, master, Buffer.from('typed\r'), 'terminal'));
      const typed = await run(child.system, (b) => read(b, 0, 100, 'terminal'));
      assert.equal(Buffer.from(typed).toString(), 'typed\n');
    });

    states('leaves the process no master', async (c) => {
      const { child, parent, master } = await launched(c);
      const masters: string[] = [];
      for (let fd = 0; fd < 20; fd++) {
        if ((await errorOf(child, 'ioctl', fd, c.constants.TIOCPTMASTER, 0)) === '') masters.push(String(fd));
      }
      assert.deepEqual(masters, []);
      assert.equal(await errorOf(parent, 'ioctl', master, c.constants.TIOCPTMASTER, 0), '');
    });

    states('fails by name in a jail without a devfs', async (c) => {
      const root = await c.makeFolder('bare');
      const jid = await c.jail({ path: root });
      c.defer(() => c.run((b) => statusAt(b, '/dev/null')));
      const parent = await member(c);
      const { far } = await run(parent.system, (b) => makeSocketPair(b));
      const child = await member(c, parent);
      for (const standard of [0, 1, 2]) assert.equal(await errorOf(child, 'dup2', far, standard), '');
      const launch: Launch = {
        jid,
        identity: { uid: 0, gid: 0, groups: [] },
        workingDirectory: '/',
        makeWorkingDirectory: false,
        umask: 0o022,
        limits: [],
        noNewPrivileges: false,
        terminal: { size: undefined },
        candidates: ['/none'],
      };
      await assert.rejects(prepareLaunch(child.process, c.system.bindings, launch), {
        message: 'openat: terminal below /dev: ENOENT',
      });
    });
  },
  processes,
);

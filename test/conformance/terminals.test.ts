import assert from 'node:assert/strict';
import { startSession } from '../../src/kernel/freebsd/credentials.js';
import { close, openTemporarily, read, statusOf, write } from '../../src/kernel/freebsd/file.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { readTerminalModes, setTerminalModes } from '../../src/kernel/freebsd/terminal-modes.js';
import {
  readTerminalSize,
  setForegroundGroup,
  setTerminalSize,
  takeTerminal,
  terminalPath,
} from '../../src/kernel/freebsd/terminal.js';
import { group, type On } from './harness/group.js';
import { codeOf, endOf, errorOf, member, seen, signal, valueOf, type Member } from './harness/processes.js';
import { call } from './harness/raw.js';
import { eventually, opened, slaveOf, type OpenedTerminal } from './harness/terminals.js';

const processes: On = { needs: ['processes'] };

/** A process of the host with a terminal and its slave. */
async function withTerminal(by: Member): Promise<OpenedTerminal & { readonly slave: number }> {
  const terminal = await opened(by);
  return { ...terminal, slave: await slaveOf(by, terminal) };
}

group(
  'posix_openpt(2): flags',
  'observed on 12.1: T1',
  (states) => {
    states('reading, O_NOCTTY and O_CLOEXEC are all that it takes', async (c) => {
      const { O_RDONLY, O_WRONLY, O_RDWR, O_NOCTTY, O_CLOEXEC, O_NONBLOCK, O_CREAT } = c.constants;
      const by = await member(c);
      const taken = [O_RDWR, O_RDONLY, O_RDWR | O_NOCTTY, O_RDWR | O_CLOEXEC, O_RDWR | O_NOCTTY | O_CLOEXEC];
      for (const flags of taken) assert.equal(await errorOf(by, 'posix_openpt', flags), '', `${flags}`);
      for (const flags of [O_WRONLY, O_RDWR | O_NONBLOCK, O_RDWR | O_CREAT, 3, O_NONBLOCK]) {
        assert.equal(await errorOf(by, 'posix_openpt', flags), 'EINVAL', `${flags}`);
      }
    });

    states(
      'the lowest number that is free is taken',
      async (c) => {
        const by = await member(c);
        const first = await opened(by);
        const second = await opened(by);
        assert.notEqual(first.number, second.number);
        await run(by.system, (b) => close(b, first.master));
        // A thread of the kernel frees it.
        await eventually(async () => {
          const { master, number } = await opened(by);
          if (number === first.number) return true;
          await run(by.system, (b) => close(b, master));
          return false;
        });
      },
      { fact: 'T14' },
    );
  },
  processes,
);

group(
  'pts(4): the two sides',
  'observed on 12.1: T2, T3, T9, T13',
  (states) => {
    states('both tell the name of the slave, only the master is one', async (c) => {
      const by = await member(c);
      const { master, slave, number } = await withTerminal(by);
      for (const fd of [master, slave]) {
        assert.equal(await run(by.system, (b) => terminalPath(b, fd)), `/dev/pts/${number}`);
      }
      const { TIOCPTMASTER, TIOCGPTN } = c.constants;
      assert.equal(await errorOf(by, 'ioctl', master, TIOCPTMASTER, 0), '');
      assert.equal(await errorOf(by, 'ioctl', slave, TIOCPTMASTER, 0), 'ENOTTY');
      const asked = await call(by.process, 'ioctl', (a) => [slave, TIOCGPTN, { arena: a.reserve(4) }]);
      assert.equal(asked.error, 'ENOTTY');
    });

    states('the size is 0 by 0 until it is set, and the same on both sides', async (c) => {
      const by = await member(c);
      const { master, slave } = await withTerminal(by);
      const size = { rows: 24, columns: 80 };
      const told = await run(by.system, (b) => [
        readTerminalSize(b, master),
        setTerminalSize(b, master, size),
        readTerminalSize(b, slave),
      ]);
      assert.deepEqual([told[0], told[2]], [{ rows: 0, columns: 0 }, size]);
    });

    states('the slave is a device of mode 0620 and group 4', async (c) => {
      const by = await member(c);
      const { slave } = await withTerminal(by);
      const { kind, mode, uid, gid } = await run(by.system, (b) => statusOf(b, slave));
      assert.deepEqual([kind, mode, uid, gid], ['character device', 0o620, 0, 4]);
    });

    states('when all slaves are closed the master is at its end, and can be written to', async (c) => {
      const by = await member(c);
      const { master, slave } = await withTerminal(by);
      await run(by.system, (b) => close(b, slave));
      const [data, length] = await run(by.system, (b) => [
        read(b, master, 16, 'master'),
        write(b, master, Buffer.from('x'), 'master'),
      ]);
      assert.deepEqual([data.byteLength, length], [0, 1]);
    });

    states(
      'a line ends with a carriage return at the master, unless the modes say otherwise',
      async (c) => {
        const by = await member(c);
        const { master, slave } = await withTerminal(by);
        const written = () =>
          run(by.system, (b) => {
            write(b, slave, Buffer.from('a\n'), 'slave');
            return read(b, master, 16, 'master');
          });
        assert.equal(Buffer.from(await written()).toString(), 'a\r\n');
        const modes = await run(by.system, (b) => readTerminalModes(b, slave));
        const plain = { ...modes, output: modes.output & ~c.constants.ONLCR };
        await run(by.system, (b) => setTerminalModes(b, slave, plain));
        assert.equal((await run(by.system, (b) => readTerminalModes(b, master))).output, plain.output);
        assert.equal(Buffer.from(await written()).toString(), 'a\n');
      },
      { fact: 'termios(4): OPOST and ONLCR' },
    );

    states(
      'the name is there as long as the master is open',
      async (c) => {
        const by = await member(c);
        const terminal = await opened(by);
        await slaveOf(by, terminal).then((fd) => run(by.system, (b) => close(b, fd)));
        await run(by.system, (b) => close(b, terminal.master));
        await eventually(async () => {
          const code = await codeOf(slaveOf(by, terminal));
          assert.ok(['ENOENT', 'ENXIO'].includes(code), code);
          return code === 'ENOENT';
        });
      },
      { fact: 'observed-mount 372' },
    );
  },
  processes,
);

group(
  'tty(4): the terminal that controls a session',
  'observed on 12.1: T5 to T8, T10c',
  (states) => {
    const ownTerminal = ({ system }: Member): Promise<string> => {
      const opening = run(system, (b) => {
        openTemporarily(b, '/dev/tty', { access: 'read and write' });
        return [];
      });
      return codeOf(opening);
    };

    states('only who leads a session takes one', async (c) => {
      const by = await member(c);
      const { slave } = await withTerminal(by);
      assert.equal(await codeOf(run(by.system, (b) => takeTerminal(b, slave))), 'EPERM');
    });

    states('it is taken once, and taking it again changes nothing', async (c) => {
      const by = await member(c);
      const { slave } = await withTerminal(by);
      await run(by.system, (b) => [startSession(b), takeTerminal(b, slave), takeTerminal(b, slave)]);
      const other = await withTerminal(by);
      assert.equal(await codeOf(run(by.system, (b) => takeTerminal(b, other.slave))), 'EPERM');
      assert.equal(await errorOf(by, 'setsid'), 'EPERM');
    });

    states('that of another session is EPERM', async (c) => {
      const by = await member(c);
      const { slave } = await withTerminal(by);
      const child = await member(c, by);
      await run(child.system, (b) => startSession(b));
      await run(by.system, (b) => [startSession(b), takeTerminal(b, slave)]);
      assert.equal(await codeOf(run(child.system, (b) => takeTerminal(b, slave))), 'EPERM');
    });

    states('opening a slave does not take it, only TIOCSCTTY does: /dev/tty', async (c) => {
      const by = await member(c);
      await valueOf(by, 'setsid');
      const { number } = await opened(by);
      const { value: slave } = await call(by.process, 'openat', (a) => [
        c.constants.AT_FDCWD,
        { arena: a.text(`/dev/pts/${number}`, 'path') },
        c.constants.O_RDWR,
        0,
      ]);
      assert.equal(await ownTerminal(by), 'ENXIO');
      await run(by.system, (b) => takeTerminal(b, slave));
      assert.equal(await ownTerminal(by), '');
    });

    states(
      'when the master is closed, who leads the session gets SIGHUP',
      async (c) => {
        const by = await member(c);
        const { master, slave } = await withTerminal(by);
        const child = await member(c, by);
        await run(child.system, (b) => [startSession(b), takeTerminal(b, slave), close(b, master)]);
        await run(by.system, (b) => close(b, master));
        assert.deepEqual(await endOf(c, child, by), {
          kind: 'killed',
          signal: c.system.bindings.signals.SIGHUP,
          core: false,
        });
      },
      { fact: 'termios(4): modem disconnect' },
    );

    states(
      'when who leads the session has ended, the group in the foreground gets SIGHUP',
      async (c) => {
        const by = await member(c);
        const { slave } = await withTerminal(by);
        const leading = await member(c, by);
        await run(leading.system, (b) => [startSession(b), takeTerminal(b, slave)]);
        const other = await member(c, leading);
        await signal(c, leading, 'SIGKILL');
        await endOf(c, leading, by);
        // Whose parent has ended is collected by another process: it is looked at from outside.
        await eventually(async () => {
          const found = await seen(c.system, other);
          return found === undefined || found.state === 'zombie';
        });
      },
      { fact: 'termios(4): the controlling process' },
    );

    states('it tells its session and group to those whom it controls', async (c) => {
      const by = await member(c);
      const { slave } = await withTerminal(by);
      await run(by.system, (b) => [
        startSession(b),
        takeTerminal(b, slave),
        setForegroundGroup(b, slave, by.pid),
      ]);
      for (const request of [c.constants.TIOCGPGRP, c.constants.TIOCGSID]) {
        let at = 0;
        const { arena, error } = await call(by.process, 'ioctl', (a) => {
          at = a.reserve(4);
          return [slave, request, { arena: at }];
        });
        assert.deepEqual(
          [error, new DataView(arena.buffer, arena.byteOffset).getInt32(at, true)],
          ['', by.pid],
        );
      }
    });
  },
  processes,
);

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Arena } from '../../../src/kernel/arena.js';
import { spawnAgent } from '../../../src/kernel/agent/start.js';
import { openDescriptors } from '../descriptors.js';
import { notRootOnLinux } from '../kernels.js';
import { busybox, execve, make, makeTree, noBusybox, plainCall, withPath } from './launch.js';
import { compileAgent, noCompiler } from './programs.js';
import { openPty, openTerminal } from './pty.js';

// of asm-generic/resource.h and asm-generic/ioctls.h
const rlimitCore = 4;
const rlimitNoFile = 7;
const tiocsctty = 0x540e;

describe('an agent becomes a program', { skip: notRootOnLinux || noCompiler || noBusybox }, () => {
  let path = '';
  let root = '';
  let removals: (() => void)[] = [];
  before(() => {
    const agent = compileAgent('hosted');
    const tree = makeTree();
    path = agent.path;
    root = tree.root;
    removals = [agent.remove, tree.remove];
  });
  after(() => {
    for (const remove of removals) remove();
  });

  it('in another tree, of another user, with limits, and nothing of ours open', async (test) => {
    const { agent, child } = await spawnAgent({ path, stdio: ['pipe', 'pipe', 'inherit'], children: 2 });
    test.after(() => child.kill('SIGKILL'));
    assert.equal(agent.pid, child.pid);
    const proc = (name: string): string => readFileSync(`/proc/${agent.pid}/${name}`, 'utf8');
    const signals = statusFields(proc('status'));
    assert.deepEqual([signals.get('SigIgn'), signals.get('SigBlk')], ['0'.repeat(16), '0'.repeat(16)]);

    await make(agent, plainCall('setsid'));
    await make(
      agent,
      withPath(root, (tree) => [{ symbol: 'chroot', args: [tree] }]),
    );
    await make(
      agent,
      withPath('/', (at) => [{ symbol: 'chdir', args: [at] }]),
    );
    const arena = new Arena();
    const groups = arena.array('u32', [10, 20, 30], 'groups');
    const files = arena.array('u64', [64, 128], 'files');
    const core = arena.array('u64', [0, 0], 'core');
    const folder = arena.text('/work dir', 'folder');
    await make(
      agent,
      arena.batch([
        { symbol: 'setgroups', args: [3, { arena: groups }] },
        { symbol: 'setgid', args: [1234] },
        { symbol: 'setrlimit', args: [rlimitNoFile, { arena: files }] },
        { symbol: 'setrlimit', args: [rlimitCore, { arena: core }] },
        { symbol: 'setuid', args: [4321] },
        { symbol: 'umask', args: [0o027] },
        { symbol: 'chdir', args: [{ arena: folder }] },
      ]),
    );
    const argv = ['sh', '-c', 'echo ready; read line; exit 42', '', 'last one'];
    await agent.become(execve('/bin/busybox', argv, ['KEY=a value', 'EMPTY=']), '/bin/busybox');
    await once(child.stdout ?? assert.fail(), 'data');

    const status = statusFields(proc('status'));
    assert.equal(status.get('Uid'), '4321\t4321\t4321\t4321');
    assert.equal(status.get('Gid'), '1234\t1234\t1234\t1234');
    assert.equal(status.get('Groups')?.trim(), '10 20 30');
    assert.equal(status.get('Umask'), '0027');
    assert.match(proc('limits'), /^Max open files +64 +128 /m);
    assert.match(proc('limits'), /^Max core file size +0 +0 /m);
    assert.equal(readlinkSync(`/proc/${agent.pid}/root`), root);
    assert.equal(readlinkSync(`/proc/${agent.pid}/cwd`), join(root, 'work dir'));
    assert.equal(proc('cmdline'), [...argv, ''].join('\0'));
    assert.equal(proc('environ'), 'KEY=a value\0EMPTY=\0');
    assert.equal(statFields(agent.pid).session, agent.pid);
    assert.deepEqual(
      openDescriptors(agent.pid).map((line) => line.split(' ')[0]),
      ['0', '1', '2'],
    );

    const exited = once(child, 'exit');
    child.stdin?.end('\n');
    assert.deepEqual(await exited, [42, null]);
    await assert.rejects(agent.run(plainCall('getpid')), /agent: the agent is gone/);
  });

  it('with a controlling terminal', async (test) => {
    const { master, name } = openPty();
    const slave = openSync(name, openTerminal);
    const { agent, child } = await spawnAgent({ path, stdio: [slave, slave, slave] });
    test.after(() => {
      child.kill('SIGKILL');
      closeSync(master);
    });
    closeSync(slave);
    await assert.rejects(make(agent, plainCall('ioctl', 0, tiocsctty, 0)), /ioctl: the agent: EPERM/);
    await make(agent, plainCall('setsid'));
    await make(agent, plainCall('ioctl', 0, tiocsctty, 0));
    await agent.become(execve(busybox, ['sh', '-c', 'tty > /dev/tty; read line; exit 5']), busybox);
    assert.equal(readLine(master), `${name}\r\n`);
    const { group, session, terminal, foreground } = statFields(agent.pid);
    assert.deepEqual([group, session, foreground], [agent.pid, agent.pid, agent.pid]);
    assert.notEqual(terminal, 0);
    const exited = once(child, 'exit');
    writeSync(master, '\n');
    assert.deepEqual(await exited, [5, null]);
  });

  it('or says why it cannot, and is still there', async (test) => {
    const plain = join(root, 'plain');
    const text = join(root, 'text');
    writeFileSync(plain, '');
    writeFileSync(text, 'no program');
    chmodSync(text, 0o755);
    const { agent, child } = await spawnAgent({ path, stdio: ['ignore', 'ignore', 'inherit'] });
    test.after(() => child.kill('SIGKILL'));
    const refusals: [string, string][] = [
      [join(root, 'missing'), 'ENOENT'],
      [plain, 'EACCES'],
      [text, 'ENOEXEC'],
      [root, 'EACCES'],
      [join(plain, 'below'), 'ENOTDIR'],
      ['', 'ENOENT'],
    ];
    for (const [program, code] of refusals) {
      await assert.rejects(agent.become(execve(program, ['x']), `'${program}'`), {
        name: 'KernelError',
        message: `execve: '${program}': ${code}`,
      });
    }
    await assert.rejects(agent.become(plainCall('getpid'), 'nothing'), /it is still an agent/);
    const exited = once(child, 'exit');
    await agent.become(execve(busybox, ['true']), busybox);
    assert.deepEqual(await exited, [0, null]);
  });

  it('and takes a large environment', async (test) => {
    const { agent, child } = await spawnAgent({ path, stdio: ['ignore', 'ignore', 'inherit'] });
    test.after(() => child.kill('SIGKILL'));
    const environment = Array.from({ length: 20 }, (_, index) => `K${index}=${'x'.repeat(50_000)}`);
    const exited = once(child, 'exit');
    await agent.become(execve(busybox, ['sh', '-c', 'exit $((${#K19} / 1000))'], environment), busybox);
    assert.deepEqual(await exited, [50, null]);
  });

  it('but not when its connection was closed by us', async (test) => {
    const { agent, child } = await spawnAgent({ path, stdio: ['ignore', 'ignore', 'inherit'] });
    test.after(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    const becoming = agent.become(plainCall('ppoll', 0, 0, 0, 0), 'a program');
    agent.close();
    await assert.rejects(becoming, /agent: closed/);
    child.kill();
    assert.deepEqual(await exited, [null, 'SIGTERM']);
  });
});

function readLine(fd: number): string {
  const buffer = Buffer.alloc(256);
  let text = '';
  while (!text.endsWith('\n')) text += buffer.toString('utf8', 0, readSync(fd, buffer));
  return text;
}

function statusFields(text: string): Map<string, string> {
  return new Map(text.split('\n').map((line) => line.split(/:\s*/) as [string, string]));
}

// proc_pid_stat(5): what follows the name in parentheses
function statFields(pid: number): Record<'group' | 'session' | 'terminal' | 'foreground', number> {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) \S \d+ /, '');
  const [group = 0, session = 0, terminal = 0, foreground = 0] = text.split(' ').map(Number);
  return { group, session, terminal, foreground };
}

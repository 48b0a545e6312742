import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { setWindowSize } from '../../src/kernel/linux/terminal.js';
import { RuntimeError } from '../../src/runtime/error.js';
import type { Exit, ProcessStdio, RuntimeProcess } from '../../src/runtime/runtime.js';
import { openPty } from '../e2e/harness/pty.js';
import { kernel } from './stdio/fixture.js';

/** A process of a test's container: the leader of a session of its own, by which its descendants are known. */
export interface Child extends RuntimeProcess {
  /** lets a process run that was launched to wait */
  go(): void;
}

/** Starts a program with the stdio of a request. `waits`: it runs only after `go`. */
export async function startChild(
  args: readonly string[],
  stdio: ProcessStdio,
  waits: boolean,
): Promise<Child> {
  const command = waits ? ['sh', '-c', 'read go <&3 && exec "$@" 3<&-', 'sh', ...args] : args;
  const [file = '', ...rest] = command;
  const pty = stdio.terminal ? openPty({ rows: 24, columns: 80 }) : undefined;
  const fds = pty === undefined ? (stdio.terminal ? [] : stdio.fds) : [pty.slave, pty.slave, pty.slave];
  const child = spawn(file, rest, { stdio: [...fds, ...(waits ? ['pipe' as const] : [])], detached: true });
  const exited = exitOf(child);
  try {
    await spawned(child);
  } catch (error) {
    if (pty !== undefined) closeSync(pty.master);
    throw error;
  } finally {
    if (!stdio.terminal) stdio.release();
    if (pty !== undefined) closeSync(pty.slave);
  }
  if (stdio.terminal && pty !== undefined) stdio.attach(pty.master);
  const { pid } = child;
  if (pid === undefined) throw new Error('a process without a pid');
  return {
    pid,
    exited,
    signal: (signal) =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new RuntimeError('not-found', `process ${pid} already finished`);
        }
        if (signal < 1 || signal > 64)
          throw new RuntimeError('invalid', `signal ${signal} is none of 1 to 64`);
        process.kill(pid, signal);
        resolve();
      }),
    resize: (columns, rows) => {
      const master = stdio.terminal ? stdio.master() : undefined;
      if (master !== undefined) setWindowSize(kernel, master, { rows, columns });
    },
    go: () => {
      const gate = child.stdio[3] as Writable;
      // One that was killed before it was let go.
      gate.on('error', () => undefined);
      gate.end('go\n');
    },
  };
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'executable file not found in $PATH' : error.message;
      reject(new RuntimeError('failed', `exec: ${child.spawnfile}: ${why}`, { cause: error }));
    });
  });
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      const status = signal === null ? (code ?? 255) : 128 + constants.signals[signal];
      resolve({ status, at: Date.now() });
    });
  });
}

/** The pids of all living processes whose session one of these leads (proc_pid_stat(5)). */
export function sessionPids(leaders: readonly number[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const [state, , , session] = statFields(name);
      return state !== 'Z' && leaders.includes(Number(session));
    })
    .map(Number);
}

/** state, ppid, pgrp, session, …; nothing of a process that has ended meanwhile. */
function statFields(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return [];
    throw error;
  }
}

/** Sends a signal to each that still lives. */
export function signalPids(pids: readonly number[], signal: number | NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

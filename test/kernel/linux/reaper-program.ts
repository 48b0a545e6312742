// Run by process.test.ts: becomes a subreaper, lets a shell leave orphans behind, and prints how they were collected.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { EngineName } from '../../../src/kernel/local.js';
import { openLocalKernel } from '../../../src/kernel/local.js';
import { becomeSubreaper, peekExited, reap } from '../../../src/kernel/linux/process.js';

const kernel = openLocalKernel(process.argv[2] as EngineName);
becomeSubreaper(kernel);
// Waiting for a signal does not keep Node running.
const alive = setInterval(() => undefined, 1_000_000);
// It ends once its standard input, which we hold, is closed: so it is surely alive when it is asked for too early.
await leaveBehind('read line; exit 7');
await leaveBehind('read line; kill -9 $$');
clearInterval(alive);

async function leaveBehind(script: string): Promise<void> {
  const shell = spawn('/bin/sh', ['-c', `(exec sh -c '${script}') <&3 >/dev/null & echo $!`], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const exited = once(shell, 'exit');
  const orphan = Number(await text(shell.stdout as Readable));
  await exited;
  if (peekExited(kernel) !== undefined || reap(kernel, orphan) !== undefined) throw new Error('too early');
  const signalled = new Promise<void>((resolve) => {
    process.on('SIGCHLD', () => {
      if (peekExited(kernel) !== undefined) resolve();
    });
  });
  shell.stdio[3]?.destroy();
  await signalled;
  process.removeAllListeners('SIGCHLD');
  const peeked = peekExited(kernel) === orphan;
  const again = peekExited(kernel) === orphan;
  const exit = reap(kernel, orphan);
  const gone = peekExited(kernel) === undefined && reap(kernel, orphan) === undefined;
  process.stdout.write(
    `${JSON.stringify({ code: exit?.code, signal: exit?.signal, peeked, again, gone })}\n`,
  );
}

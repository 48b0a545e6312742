import type { Duplex } from 'node:stream';
import { Arena } from '../../../src/kernel/arena.js';
import type { AgentKernel } from '../../../src/kernel/agent.js';
import type { Batch } from '../../../src/kernel/kernel.js';

/** The agent that an agent on a device is to become. */
export interface Listener {
  /** The agent's own program, on its machine. */
  readonly program: string;
  /** The device that it is on, where it says that it listens. */
  readonly device: string;
  /** IPv4, and 0 for a port that the kernel chooses. */
  readonly address: string;
  readonly port: number;
}

/**
 * Has an agent at the other end of a line become one that listens, in the same process: if that is process 1, no other
 * way leads there, as it is started without arguments and must not end. Nothing answers on the line any more then.
 *
 * @param line that the agent was opened on
 * @returns the port
 * @throws Error that says why it does not listen
 */
export async function becomeListener(agent: AgentKernel, line: Duplex, listener: Listener): Promise<number> {
  const listening = portSaidOn(line);
  const refused = agent.run(listenerBatch(listener)).then(({ results }): never => {
    const last = results.at(-1);
    throw new Error(`${listener.program}: call ${results.length}: errno ${last?.errno ?? 0}`);
  });
  try {
    return await Promise.race([listening, refused]);
  } finally {
    // Nobody answers this any more.
    refused.catch(() => undefined);
  }
}

function portSaidOn(line: Duplex): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    line.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      const [, port] = /listening on port (\d+)\r?\n/.exec(said) ?? [];
      if (port !== undefined) resolve(Number(port));
      const [failure] = /agent: [^\r\n]*(?=\r?\n)/.exec(said) ?? [];
      if (failure !== undefined) reject(new Error(failure));
    });
    line.once('close', () => {
      reject(new Error('the line was closed'));
    });
  });
}

/** The same numbers on FreeBSD and Linux: fcntl.h. */
const flags = { AT_FDCWD: -100, O_RDWR: 2, F_DUPFD: 0 } as const;

/** Makes the device its standard input, output and error, which it may not have, and then executes it. */
function listenerBatch({ program, device, address, port }: Listener): Batch {
  const arena = new Arena();
  const path = { arena: arena.text(program, 'program') };
  const argv = { arena: arena.textList([program, 'listen', 'tcp', address, String(port)], 'argv') };
  const environment = { arena: arena.textList([], 'environment') };
  const opened = { result: 0 };
  // Above the three, wherever it was opened.
  const kept = { result: 1 };
  return arena.batch([
    { symbol: 'openat', args: [flags.AT_FDCWD, { arena: arena.text(device, 'device') }, flags.O_RDWR, 0] },
    { symbol: 'fcntl', args: [opened, flags.F_DUPFD, 3] },
    ...[0, 1, 2].map((fd) => ({ symbol: 'close', args: [fd], mayFail: true })),
    ...[0, 1, 2].map(() => ({ symbol: 'fcntl', args: [kept, flags.F_DUPFD, 0] })),
    { symbol: 'close', args: [kept] },
    { symbol: 'execve', args: [path, argv, environment] },
  ]);
}

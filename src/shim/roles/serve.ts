import { closeSync, writeSync } from 'node:fs';
import { reason } from '../../runtime/error.js';
import { parseArguments } from '../arguments.js';
import { configPath, readConfig } from '../config.js';
import { startDaemon, type RunningDaemon } from '../daemon.js';

/** The launcher waits on this pipe for one line: `ready`, or `error: ` and why not. */
const statusDescriptor = 4;

/** The long-lived daemon. */
export async function serve(args: readonly string[]): Promise<void> {
  let daemon: RunningDaemon | undefined;
  // Node.js opens its debugger at this signal, to anybody on this host, unless somebody listens for it.
  process.on('SIGUSR1', () => daemon?.describe());
  try {
    daemon = await startDaemon(parseArguments(args), readConfig(configPath()));
  } catch (error) {
    tellLauncher(`error: ${reason(error)}\n`);
    process.exit(1);
  }
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      daemon.end(signal);
    });
  }
  tellLauncher('ready\n');
}

function tellLauncher(line: string): void {
  try {
    writeSync(statusDescriptor, line);
    closeSync(statusDescriptor);
  } catch (error) {
    // The launcher has gone, killed by containerd's time limit: the next one will find the socket.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

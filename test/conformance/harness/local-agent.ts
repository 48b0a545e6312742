import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentKernel } from '../../../src/kernel/agent.js';
import { connectAgent } from '../../../src/kernel/agent/start.js';
import { firstLine } from '../../kernel/agent/peer.js';

/** An agent on this machine, whose children can have children. */
export interface LocalAgent {
  readonly agent: AgentKernel;
  close(): Promise<void>;
}

/**
 * Starts an agent that listens, as those of one that does not have no connections for children of their own.
 *
 * @param path of the agent
 */
export async function startLocalAgent(path: string): Promise<LocalAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'agent-'));
  const socket = join(folder, 's');
  const listener = spawn(path, ['listen', 'unix', socket], { stdio: ['ignore', 'pipe', 'inherit'], env: {} });
  const stop = async (): Promise<void> => {
    if (listener.exitCode === null && listener.signalCode === null && listener.pid !== undefined) {
      const exited = once(listener, 'exit');
      listener.kill();
      await exited;
    }
    rmSync(folder, { recursive: true });
  };
  try {
    // Rejects when the program cannot be executed.
    await once(listener, 'spawn');
    const ended = once(listener, 'exit').then(() => {
      throw new Error(`${path} listen unix ${socket}: ended at once`);
    });
    await Promise.race([firstLine(listener), ended]);
    const agent = await connectAgent({ path: socket });
    return {
      agent,
      close: async () => {
        agent.close();
        await agent.ended;
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

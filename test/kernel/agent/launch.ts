import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Arena } from '../../../src/kernel/arena.js';
import type { AgentKernel } from '../../../src/kernel/agent.js';
import { throwIfStopped } from '../../../src/kernel/error.js';
import type { Answer, Argument, Batch, Call } from '../../../src/kernel/kernel.js';

/** A program that needs no library: it runs in an empty tree. */
export const busybox = '/bin/busybox';

/** Why no program can be launched in a tree of its own, or false if one can. */
export const noBusybox = existsSync(busybox) ? false : `needs a static ${busybox}`;

/** A batch of one call without memory. */
export function plainCall(symbol: string, ...args: Argument[]): Batch {
  return { arena: new Uint8Array(0), fixups: [], calls: [{ symbol, args }] };
}

/** A batch that becomes a program. */
export function execve(path: string, argv: readonly string[], environment: readonly string[] = []): Batch {
  const arena = new Arena();
  const args = [
    { arena: arena.text(path, 'path') },
    { arena: arena.textList(argv, 'argv') },
    { arena: arena.textList(environment, 'environment') },
  ];
  return arena.batch([{ symbol: 'execve', args }]);
}

/** Runs calls and throws if one fails. */
export async function make(agent: AgentKernel, batch: Batch): Promise<Answer> {
  const answer = await agent.run(batch);
  throwIfStopped(agent.platform, batch, answer, 'the agent');
  return answer;
}

/** A batch of calls on a path, which `calls` is given as an argument for them. */
export function withPath(path: string, calls: (path: Argument) => Call[]): Batch {
  const arena = new Arena();
  const offset = { arena: arena.text(path, 'path') };
  return arena.batch(calls(offset));
}

/** A tree with nothing in it but busybox, and a folder named "work dir". */
export function makeTree(): { root: string; remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), 'tree-'));
  chmodSync(root, 0o755);
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'work dir'));
  cpSync(busybox, join(root, 'bin/busybox'));
  return {
    root,
    remove: () => {
      rmSync(root, { recursive: true });
    },
  };
}

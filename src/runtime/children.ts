import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

/**
 * The pids of this process's children that Node.js itself waits for. A reaper of orphans must leave
 * them alone, and every spawn in this program therefore goes through here. A fact of the process, so
 * it is kept per process.
 */
const awaitedByNode = new Set<number>();

/** child_process.spawn, with the child noted until Node.js has told its exit. */
export function spawnChild(
  file: string,
  args: readonly string[],
  options: SpawnOptions & { stdio: NonNullable<SpawnOptions['stdio']> },
): ChildProcess {
  const child = spawn(file, args, options);
  const { pid } = child;
  if (pid !== undefined) {
    awaitedByNode.add(pid);
    child.once('exit', () => awaitedByNode.delete(pid));
  }
  return child;
}

/** True for a child whose exit Node.js will collect. */
export function isAwaitedByNode(pid: number): boolean {
  return awaitedByNode.has(pid);
}

/** Waits for the end of a spawned child. @throws when it could not be spawned, naming the file */
export function childExit(
  child: ChildProcess,
  file: string,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(new Error(`cannot execute ${file}: ${error.message}`, { cause: error }));
    });
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
}

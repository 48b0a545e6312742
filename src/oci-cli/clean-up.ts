import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readMountTable } from '../kernel/linux/mountinfo.js';
import { reason, RuntimeError } from '../runtime/error.js';
import type { Journal } from '../runtime/journal.js';
import type { ContainerKey } from '../runtime/key.js';
import { invoke, type CommandTools } from './command.js';
import { removeCgroup } from './cgroup-removal.js';
import { locate, programEnvironment } from './program.js';
import { unmountAll, unmountTree } from './unmount.js';

/** What the journal says of a container that crun or runc was about to make. */
export interface OciDetail {
  readonly file: string;
  readonly globalArgs: readonly string[];
  readonly name: string;
  /** folder of the program's state for this namespace */
  readonly root: string;
  /** path of its cgroup below each hierarchy, if that is known */
  readonly cgroup: string | null;
}

/**
 * Removes what a daemon that died had made for a container: processes, cgroups, the program's state and
 * mounts. Each step is tried, whatever became of the one before; what failed is in the one error.
 */
export async function cleanUp(
  tools: CommandTools,
  key: ContainerKey,
  bundle: string,
  journal: Journal,
  warn: (message: string) => void,
): Promise<void> {
  const failures: string[] = [];
  const attempt = async (step: () => Promise<void> | void): Promise<void> => {
    try {
      await step();
    } catch (error) {
      failures.push(reason(error));
    }
  };
  for (const entry of journal.entries()) {
    if (entry.kind !== 'oci') continue;
    const detail = entry.detail as OciDetail;
    await attempt(() => {
      killRunners(detail.root, key.id);
    });
    await attempt(() => deleteContainer(tools, detail, key.id, bundle));
    const { cgroup } = detail;
    if (cgroup !== null) await attempt(() => removeCgroup(readMountTable(), cgroup));
    await attempt(() => {
      rmSync(join(detail.root, key.id), { recursive: true, force: true });
    });
  }
  await attempt(() => unmountAll(tools.kernel, journal, warn));
  await attempt(() => unmountTree(tools.kernel, join(bundle, 'rootfs'), warn));
  if (failures.length > 0) {
    throw new RuntimeError('failed', `clean-up of container ${key.id}: ${failures.join('; ')}`);
  }
}

async function deleteContainer(
  tools: CommandTools,
  detail: OciDetail,
  id: string,
  bundle: string,
): Promise<void> {
  if (!existsSync(join(detail.root, id))) return;
  // A program kept in memory by the daemon that died is gone with it: the one on PATH does as well.
  const file = existsSync(detail.file) ? detail.file : (locate(detail.name) ?? detail.name);
  await invoke(
    tools,
    { name: detail.name, file, globalArgs: detail.globalArgs, environment: programEnvironment() },
    {
      action: 'delete',
      args: ['delete', '--force', id],
      logPath: existsSync(bundle) ? join(bundle, 'log.json') : '/dev/null',
    },
  );
}

/**
 * Kills runs of crun or runc for this container that the dead daemon had begun: they would go on and
 * finish it. They are told by the state folder and the id among their arguments.
 */
function killRunners(root: string, id: string): void {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const args = commandLine(name);
    if (args.includes(root) && args.includes(id)) kill(Number(name));
  }
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    // The process ended meanwhile.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

import { fileURLToPath } from 'node:url';
import { spawnedChildren } from '../../kernel/agent/children.js';
import { openFreeBSD } from '../../kernel/freebsd/open.js';
import { hostPlatform, openLocalKernel } from '../../kernel/local.js';
import { runCommand } from '../../network/cni/command.js';
import { cniCode, CniError } from '../../network/cni/error.js';
import { cniHost, type CniKernel } from '../../network/cni/host.js';
import { networksFolder } from '../../network/open.js';

/** Installed beside the daemon, and built beside it. */
const agent = fileURLToPath(new URL('../../../native/agent', import.meta.url));

/**
 * The CNI plugin `jail-bridge`. What it answers goes to standard output; its exit status is 1 for an error.
 *
 * @param args the run directory of all daemons of this host, whose networks it shares
 */
export async function cni([runDirectory]: readonly string[]): Promise<void> {
  if (runDirectory?.startsWith('/') !== true) throw new Error('cni: the run directory was not given');
  const open = cniHost(openHostKernel, networksFolder(runDirectory), (message) => {
    process.stderr.write(`jail-bridge: ${message}\n`);
  });
  const { text, status } = await runCommand(open, process.env, process.stdin);
  process.stdout.write(text);
  process.exitCode = status;
}

async function openHostKernel(): Promise<CniKernel> {
  const platform = hostPlatform();
  if (platform !== 'freebsd') {
    throw new CniError(
      cniCode.notAvailable,
      `jails need a kernel of FreeBSD, and this host's is one of ${platform}`,
    );
  }
  const kernel = openLocalKernel('koffi');
  try {
    const system = await openFreeBSD(kernel, process.arch);
    return {
      system,
      children: spawnedChildren(agent, { bindings: system.bindings }),
      close: () => {
        kernel.close();
      },
    };
  } catch (error) {
    kernel.close();
    throw error;
  }
}

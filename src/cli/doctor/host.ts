import { accessSync, constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { openFreeBSD } from '../../kernel/freebsd/open.js';
import type { FreeBSD } from '../../kernel/freebsd/run.js';
import type { LocalKernel } from '../../kernel/kernel.js';
import { openLocalKernel, type EngineName } from '../../kernel/local.js';
import { reason } from '../../runtime/error.js';
import { check, type Check, type Shortfall } from './check.js';

export const userCheck = (): Check =>
  check(
    'user',
    process.getuid?.() === 0
      ? undefined
      : { problem: 'only root may make containers', remedy: 'sudo jailer, or doas jailer' },
  );

/** Whether the package that calls the kernel loads, and calls. */
export function engineCheck(engine: EngineName): { readonly check: Check; readonly kernel?: LocalKernel } {
  const name = `calls of the kernel by ${engine}`;
  try {
    const kernel = openLocalKernel(engine);
    kernel.runSync({ arena: new Uint8Array(), fixups: [], calls: [{ symbol: 'getpid', args: [] }] });
    return { check: check(name, undefined), kernel };
  } catch (error) {
    const remedy =
      'install it again: scripts/build && scripts/install; or choose the other: ffi in the configuration';
    return { check: check(name, { problem: reason(error), remedy }) };
  }
}

/** Whether this release of FreeBSD is known; its kernel, if it is. */
export async function releaseCheck(
  kernel: LocalKernel,
): Promise<{ readonly check: Check; readonly system?: FreeBSD }> {
  try {
    return { check: check('release of FreeBSD', undefined), system: await openFreeBSD(kernel, process.arch) };
  } catch (error) {
    const remedy = 'use a release and a processor that the README names';
    return { check: check('release of FreeBSD', { problem: reason(error), remedy }) };
  }
}

/** The launcher, and on FreeBSD the agent that acts within jails. */
export function programChecks(launcher: string, library: string): Check[] {
  const agent = join(library, 'native/agent');
  return [
    check('launcher', executable(launcher)),
    ...(process.platform === 'freebsd' ? [check('agent', executable(agent))] : []),
  ];
}

function executable(path: string): Shortfall | undefined {
  try {
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const remedy = `install it again: scripts/build && scripts/install --prefix ${dirname(dirname(path))}`;
    return { problem: reason(error), remedy };
  }
}

/** Whether the configuration file says what can be understood. */
export function configurationCheck(path: string, read: () => unknown): Check {
  try {
    read();
    return check('configuration', undefined);
  } catch (error) {
    return check('configuration', {
      problem: reason(error),
      remedy: `correct it, or start without: mv ${path} ${path}.old`,
    });
  }
}

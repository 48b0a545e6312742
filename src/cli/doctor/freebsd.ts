import { existsSync } from 'node:fs';
import { isKernelError } from '../../kernel/error.js';
import { openTemporarily } from '../../kernel/freebsd/file.js';
import { nextDevfsRuleset } from '../../kernel/freebsd/devfs-rules.js';
import { findModule } from '../../kernel/freebsd/module.js';
import { hasAccounting } from '../../kernel/freebsd/rctl.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { findSysctl, readSysctlInt } from '../../kernel/freebsd/sysctl.js';
import { check, type Check, type Shortfall } from './check.js';

const linux = 'images of Linux';

/** File systems that containers have, and what is for programs of Linux alone. */
const fileSystems = ['nullfs', 'tmpfs', 'fdescfs'];
const linuxModules = ['linux64', 'linprocfs', 'linsysfs'];

/**
 * Looks at what jails need of a kernel, beside their networks, and changes nothing.
 *
 * @param moduleFolders where kldload(8) looks
 * @throws KernelError for what the kernel does not even tell
 */
export async function kernelChecks(
  system: FreeBSD,
  moduleFolders: readonly string[] = ['/boot/kernel', '/boot/modules'],
): Promise<Check[]> {
  const level = await intOf(system, 'kern.securelevel', -1);
  const jailed = (await intOf(system, 'security.jail.jailed', 0)) !== 0;
  const modules = async (names: readonly string[], only?: string): Promise<Check[]> => {
    const checks: Check[] = [];
    for (const name of names) {
      checks.push(check(`module ${name}`, await missing(system, name, level > 0, moduleFolders), only));
    }
    return checks;
  };
  return [
    check('host', jailed ? inJail : undefined),
    check('devices', await devices(system)),
    ...(await modules(fileSystems)),
    check('vnet', await vnet(system), 'networks of containers'),
    check(
      'accounting',
      (await hasAccounting(system)) ? undefined : noAccounting,
      'limits of what containers use',
    ),
    ...(await modules(linuxModules, linux)),
    check('brand of static programs', await fallbackBrand(system), `${linux}, as those of programs in Go`),
  ];
}

const inJail: Shortfall = {
  problem: 'this is a jail: it may not make jails with networks and devices of their own',
  remedy: 'run it on the host',
};

const noAccounting: Shortfall = {
  problem: 'kern.racct.enable is 0: memory, processors and processes of containers cannot be limited',
  remedy: `add kern.racct.enable=1 to /boot/loader.conf, and reboot`,
};

/** What is not in the kernel is loaded when it is needed, if there is a file of it and the kernel still takes it. */
async function missing(
  system: FreeBSD,
  name: string,
  secure: boolean,
  folders: readonly string[],
): Promise<Shortfall | undefined> {
  const found = await run(system, (b) => b.attempt(() => findModule(b, name)));
  if (!isKernelError(found)) return undefined;
  if (found.code !== 'ENOENT') throw found;
  const remedy = `add ${name}_load="YES" to /boot/loader.conf, and reboot${secure ? '' : `; for now: kldload ${name}`}`;
  if (secure) return { problem: 'it is not loaded, and at a raised kern.securelevel it cannot be', remedy };
  if (folders.some((folder) => existsSync(`${folder}/${name}.ko`))) return undefined;
  return { problem: `it is not in the kernel, and no ${name}.ko is in ${folders.join(' or ')}`, remedy };
}

async function devices(system: FreeBSD): Promise<Shortfall | undefined> {
  const answer = await run(system, (b) =>
    b.attempt(() => nextDevfsRuleset(b, openTemporarily(b, '/dev', { directory: true }), 0)),
  );
  if (!isKernelError(answer) || answer.code === 'ENOENT') return undefined; // no ruleset yet
  return {
    problem: `rules for devices cannot be read: ${answer.message}`,
    remedy: 'mount -t devfs devfs /dev',
  };
}

async function vnet(system: FreeBSD): Promise<Shortfall | undefined> {
  const found = await run(system, (b) => b.attempt(() => findSysctl(b, 'security.jail.param.vnet')));
  if (!isKernelError(found)) return undefined;
  return {
    problem: 'the kernel knows no network stacks of jails',
    remedy: 'boot a GENERIC kernel, or one with: options VIMAGE',
  };
}

const elfLinux = 3;

async function fallbackBrand(system: FreeBSD): Promise<Shortfall | undefined> {
  if ((await intOf(system, 'kern.elf64.fallback_brand', -1)) === elfLinux) return undefined;
  return {
    problem: 'static programs that do not say that they are for Linux are not run',
    remedy:
      'add kern.elf64.fallback_brand=3 to /etc/sysctl.conf; for now: sysctl kern.elf64.fallback_brand=3',
  };
}

async function intOf(system: FreeBSD, name: string, otherwise: number): Promise<number> {
  const found = await run(system, (b) => b.attempt(() => readSysctlInt(b, name)));
  if (!isKernelError(found)) return found;
  if (found.code === 'ENOENT') return otherwise;
  throw found;
}

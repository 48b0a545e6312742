import { fail } from './failure.js';
import type { Jail } from './jail.js';
import type { CallContext } from './open-file.js';
import { samePlace } from './place.js';
import type { Process } from './process.js';

/** jail_attach(2): the process is in the jail for good. */
export function attachByJid(context: CallContext, jid: number): void {
  const { process, system } = context;
  if (process.credential.uid !== 0) fail('EPERM');
  const jail = system.jails.find(process.jail, jid);
  if (jail === undefined || jail.dying) fail('EINVAL');
  attach(context, jail);
}

export function attach({ process, system }: CallContext, jail: Jail): void {
  if (isChrooted(process) && holdsDirectory(process)) fail('EPERM');
  if (jail.root.place.mount.dead) fail('ENOTDIR');
  process.root = jail.root.place;
  // Since FreeBSD-SA-21:05 the working directory moves too; 12.1 left it outside.
  if (system.release >= 13) process.workingDirectory = jail.root.place;
  process.credential.jail = jail;
  process.cpuset = jail.cpuset;
  process.cpus = undefined;
  process.setId = true;
  jail.dying = false;
}

/** Whether its root is another one than its jail's. */
export function isChrooted(process: Process): boolean {
  return !samePlace(process.root, process.jail.root.place);
}

/** Whether it has a directory open, by which it could leave a root. */
export function holdsDirectory(process: Process): boolean {
  return process.descriptors.files().some(({ place }) => place?.node.kind === 'directory');
}

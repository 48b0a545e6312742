import { chmod, chown, stat } from 'node:fs/promises';

/**
 * Gives a root directory the owner and the mode of the one below it, or without one root's and 0755: few layers say
 * anything of it.
 */
export async function inheritRoot(directory: string, below: string | undefined): Promise<void> {
  const { mode, uid, gid } = below === undefined ? { mode: 0o755, uid: 0, gid: 0 } : await stat(below);
  await chown(directory, uid, gid);
  await chmod(directory, mode & 0o7777);
}

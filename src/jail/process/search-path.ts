import type { ProcessPlan } from '../plan/process.js';

/** Where programs are looked for if the environment has no PATH: _PATH_DEFPATH of paths.h, and what ports install. */
export const defaultPath = '/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin';

// More folders than any image lists; what comes after is not looked at.
const mostFolders = 128;

/**
 * The paths at which a program may be, in the order in which execvp(3) tries them. A name with a slash is one path, below
 * the working directory unless it is absolute; another name is looked for in the folders of the container's own PATH.
 */
export function candidatesFor({ args, env, cwd }: Pick<ProcessPlan, 'args' | 'env' | 'cwd'>): string[] {
  const [name] = args;
  if (name.includes('/')) return [absolute(cwd, name)];
  const path = env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? defaultPath;
  // An empty part means the working directory.
  const folders = path.split(':').map((folder) => absolute(cwd, folder));
  return [...new Set(folders)].slice(0, mostFolders).map((folder) => join(folder, name));
}

function absolute(cwd: string, path: string): string {
  if (path.startsWith('/')) return path;
  return path === '' ? cwd : join(cwd, path);
}

function join(folder: string, name: string): string {
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}

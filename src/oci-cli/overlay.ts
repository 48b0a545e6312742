import { dirname } from 'node:path';

/** The kernel copies one page of mount data, less the NUL at its end (mount(2)). */
export const maximumData = 4095;

/**
 * Shortens the options of an overlay with many layers: the lower directories are given relative to
 * the directory that they have in common, where the caller must stand when it mounts.
 */
export function compactOverlay(data: readonly string[]): { directory: string | undefined; data: string[] } {
  if (data.join(',').length <= maximumData) return { directory: undefined, data: [...data] };
  const index = data.findIndex((option) => option.startsWith('lowerdir='));
  const layers = data[index]?.slice('lowerdir='.length).split(':') ?? [];
  const directory = commonDirectory(layers);
  if (directory === undefined) return { directory: undefined, data: [...data] };
  const relative = layers.map((layer) => layer.slice(directory === '/' ? 1 : directory.length + 1));
  const compact = [...data];
  compact[index] = `lowerdir=${relative.join(':')}`;
  return { directory, data: compact };
}

/** The deepest directory above all the paths; undefined if one is not absolute. */
function commonDirectory(paths: readonly string[]): string | undefined {
  const [first, ...rest] = paths;
  if (first === undefined || !paths.every((path) => path.startsWith('/'))) return undefined;
  let common = dirname(first);
  for (const path of rest) {
    while (common !== '/' && !path.startsWith(`${common}/`)) common = dirname(common);
  }
  return common;
}

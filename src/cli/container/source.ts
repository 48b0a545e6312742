import type { Context } from '../command.js';
import { CliError } from '../error.js';
import type { Values } from '../options.js';
import { folderSource, type Source } from './root.js';

/** What a container is made from: a folder with `--rootfs`, otherwise an image. @throws CliError */
export function findSource(_context: Context, values: Values, word: string): Promise<Source> {
  if (values.flag('rootfs')) return Promise.resolve(folderSource(word));
  return Promise.reject(new CliError(`${word}: images are not here yet`));
}

import type { Context } from '../command.js';
import { CliError } from '../error.js';
import { imageSource, type PullWhen } from '../image/source.js';
import type { Values } from '../options.js';
import type { Engine } from './engine.js';
import { folderSource, type Source } from './root.js';

const pullWhen: readonly PullWhen[] = ['missing', 'always', 'never'];

/** What a container is made from: a folder with `--rootfs`, otherwise an image. @throws CliError, ImageError */
export async function findSource(
  context: Context,
  engine: Engine,
  values: Values,
  word: string,
): Promise<Source> {
  if (values.flag('rootfs')) return folderSource(word);
  const pull = pullWhen.find((each) => each === (values.text('pull') ?? 'missing'));
  if (pull === undefined) throw new CliError('--pull: missing, always or never');
  return await imageSource(word, {
    context,
    store: await engine.images(),
    platform: values.text('platform'),
    pull,
  });
}

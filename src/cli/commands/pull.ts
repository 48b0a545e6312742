import { quietOption, type Command } from '../command.js';
import { withImages } from '../image/open.js';
import { pullImage } from '../image/pull.js';
import { runnablePlatforms } from '../image/source.js';
import { parseReference } from '../../image/reference.js';

export const command: Command = {
  operands: 'IMAGE...',
  count: { least: 1, most: Infinity },
  stops: true,
  completes: 'images',
  options: [
    {
      name: 'platform',
      kind: 'text',
      value: 'OS[/ARCH]',
      help: 'of an image for several platforms, that one, and not the one that suits this host',
    },
    { ...quietOption, help: 'print digests only' },
  ],
  examples: [
    ['jailer pull freebsd/freebsd-runtime:14.2', "of Docker Hub, for this host's platform"],
    ['jailer pull --platform linux/arm64 ghcr.io/some/image', 'for another platform'],
  ],
  run: async (context, values, words) => {
    const references = words.map(parseReference);
    const platforms = runnablePlatforms(values.text('platform'));
    await withImages(context.places, async (store) => {
      for (const reference of references) {
        const { name, target } = await pullImage(reference, { context, store, platforms });
        context.endProgress();
        context.print(values.flag('quiet') ? `${target.digest}\n` : `${name} ${target.digest}\n`);
      }
    });
    return 0;
  },
};

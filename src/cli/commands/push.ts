import { formatReference, parseReference } from '../../image/reference.js';
import { push } from '../../image/registry/push.js';
import type { Command } from '../command.js';
import { findImage, manifestFor } from '../image/find.js';
import { withImages } from '../image/open.js';
import { openRegistryClient } from '../image/pull.js';

export const command: Command = {
  operands: 'IMAGE [NAME]',
  count: { least: 1, most: 2 },
  stops: true,
  completes: 'images',
  options: [
    {
      name: 'platform',
      kind: 'text',
      value: 'OS[/ARCH]',
      help: 'of an image for several platforms, that one only',
    },
  ],
  examples: [
    ['jailer push registry.lan:5000/web:1', 'to where its name says'],
    ['jailer push web registry.lan:5000/web:1', 'under another name'],
  ],
  run: async (context, values, [word = '', as]) => {
    const to = parseReference(as ?? word);
    const platform = values.text('platform');
    await withImages(context.places, async (store) => {
      const { content } = store;
      const { name, target } = findImage(content.images, word);
      const pushed =
        platform === undefined ? target : await manifestFor(content.blobs, target, platform, name);
      const from = parseReference(name);
      const beside = from.registry === to.registry && from.repository !== to.repository;
      const client = openRegistryClient(context);
      try {
        await push(pushed, to, {
          ...{ client, blobs: content.blobs, progress: context.progress },
          ...(beside && { mountFrom: from.repository }),
          ...(context.signal && { signal: context.signal }),
        });
      } finally {
        await client.close();
      }
      context.endProgress();
      context.print(`${formatReference(to)} ${pushed.digest}\n`);
    });
    return 0;
  },
};

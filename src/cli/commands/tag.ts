import { formatReference, parseReference } from '../../image/reference.js';
import type { Command } from '../command.js';
import { CliError } from '../error.js';
import { findImage } from '../image/find.js';
import { withImages } from '../image/open.js';

export const command: Command = {
  operands: 'IMAGE NAME',
  count: { least: 2, most: 2 },
  completes: 'images',
  options: [],
  examples: [['jailer tag web registry.lan:5000/web:1', 'one image, two names']],
  run: async (context, _values, [word = '', as = '']) => {
    const to = parseReference(as);
    if (to.digest !== undefined) throw new CliError(`tag: a name with a digest is not to be chosen: ${as}`);
    await withImages(context.places, ({ content }) => {
      content.images.set(formatReference(to), findImage(content.images, word).target);
      return Promise.resolve();
    });
    return 0;
  },
};

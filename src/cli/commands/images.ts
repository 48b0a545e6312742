import { formatReference, parseReference } from '../../image/reference.js';
import { platformName } from '../../image/platform.js';
import { formatOption, quietOption, type Command } from '../command.js';
import { describeImage } from '../image/describe.js';
import { withImages } from '../image/open.js';
import { jsonLines, size, span, table } from '../table.js';

export const command: Command = {
  operands: '[IMAGE...]',
  count: { least: 0, most: Infinity },
  completes: 'images',
  options: [{ ...quietOption, help: 'print names only' }, formatOption],
  examples: [
    ['jailer images', 'all images that have a name'],
    ['jailer images --format json', 'with what they need on the disk, for programs'],
  ],
  run: async (context, values, words) => {
    const names = new Set(words.map((word) => formatReference(parseReference(word))));
    await withImages(context.places, async ({ content }) => {
      const found = content.images.list().filter(({ name }) => names.size === 0 || names.has(name));
      if (values.flag('quiet')) {
        context.print(found.map(({ name }) => `${name}\n`).join(''));
        return;
      }
      const described = await Promise.all(found.map((image) => describeImage(content.blobs, image)));
      if (values.text('format') === 'json') {
        context.print(
          jsonLines(
            described.map(({ platforms, created, ...rest }) => ({
              ...rest,
              platforms: platforms.map(platformName),
              created: created.toISOString(),
            })),
          ),
        );
        return;
      }
      const now = Date.now();
      const rows = described.map(({ name, digest, platforms, created, bytes }) => [
        name,
        digest.slice(0, 19),
        platforms.map(platformName).join(', '),
        `${span(now - created.getTime())} ago`,
        size(bytes),
      ]);
      context.print(table(['NAME', 'DIGEST', 'PLATFORMS', 'NAMED', 'SIZE'], rows));
    });
    return 0;
  },
};

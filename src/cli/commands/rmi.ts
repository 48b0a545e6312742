import type { Command } from '../command.js';
import { openEngine } from '../container/engine.js';
import { settleAll } from '../container/settle.js';
import { CliError } from '../error.js';
import { collectImages } from '../image/collect.js';
import { findImage } from '../image/find.js';

export const command: Command = {
  operands: 'IMAGE...',
  count: { least: 1, most: Infinity },
  completes: 'images',
  options: [
    {
      name: 'force',
      short: 'f',
      kind: 'flag',
      help: 'take the name away though containers were made of it; they go on',
    },
  ],
  examples: [['jailer rmi $(jailer images -q)', 'remove all images, or none if there is a container of one']],
  run: async (context, values, words) => {
    const engine = await openEngine(context);
    await settleAll(engine, context.tell);
    const store = await engine.images();
    const { images } = store.content;
    const found = words.map((word) => findImage(images, word));
    if (!values.flag('force')) {
      for (const { name } of found) {
        const user = engine.containers.list().find(({ settings }) => settings.image === name);
        if (user === undefined) continue;
        throw new CliError(`container ${user.name} is of image ${name}: remove it first, or use rmi --force`);
      }
    }
    for (const { name } of found) {
      images.remove(name);
      context.print(`${name}\n`);
    }
    // What containers use stays: it is leased to them.
    await collectImages(store);
    return 0;
  },
};

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openBuildCache } from '../../image/build/cache.js';
import type { Command } from '../command.js';
import { openEngine } from '../container/engine.js';
import { settleAll } from '../container/settle.js';
import { collectImages } from '../image/collect.js';
import { size } from '../table.js';

export const command: Command = {
  operands: '',
  count: { least: 0, most: 0 },
  options: [
    {
      name: 'build-cache',
      kind: 'flag',
      help: 'forget the steps of builds as well: the next ones do them all again',
    },
  ],
  examples: [['jailer prune --build-cache', 'keep nothing but images that have a name, and containers']],
  run: async (context, values) => {
    const engine = await openEngine(context);
    await settleAll(engine, context.tell);
    const store = await engine.images();
    if (values.flag('build-cache')) {
      const cache = openBuildCache(join(context.places.data, 'build.db'));
      try {
        for (const key of cache.clear()) store.content.leases.release(`build:${key}`);
      } finally {
        cache.close();
      }
      rmSync(join(context.places.data, 'build-cache'), { recursive: true, force: true });
    }
    const { blobs, swept } = await collectImages(store);
    const bytes = blobs.reduce((sum, blob) => sum + blob.size, swept.bytes);
    context.print(`removed ${blobs.length + swept.files} blobs, ${size(bytes)}\n`);
    return 0;
  },
};

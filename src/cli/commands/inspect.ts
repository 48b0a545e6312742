import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../command.js';
import { containerDocument } from '../container/describe.js';
import { findContainer, openEngine } from '../container/engine.js';
import { bundleOf, logOf } from '../places.js';
import { jsonText } from '../table.js';

export const command: Command = {
  operands: 'CONTAINER...',
  count: { least: 1, most: Infinity },
  completes: 'containers',
  options: [],
  examples: [['jailer inspect web', 'all that is known of it, with its OCI configuration']],
  run: async (context, _values, words) => {
    const engine = await openEngine(context);
    const documents: object[] = [];
    for (const word of words) {
      const container = await findContainer(engine, word);
      const bundle = bundleOf(engine.places, container.id);
      const config = join(bundle, 'config.json');
      const log = logOf(engine.places, container.id);
      documents.push({
        ...containerDocument(container),
        bundle,
        log: existsSync(log) ? log : null,
        spec: existsSync(config) ? (JSON.parse(readFileSync(config, 'utf8')) as unknown) : null,
      });
    }
    context.print(`${jsonText(documents, 2)}\n`);
    return 0;
  },
};

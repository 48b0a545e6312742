import type { Command } from '../command.js';
import { openEngine } from '../container/engine.js';
import { makeContainer } from '../container/make.js';
import { findSource } from '../container/source.js';
import { containerOptions, readKeeping, readWanted } from '../container/wanted.js';

export const command: Command = {
  operands: 'IMAGE [COMMAND [ARGUMENT...]]',
  count: { least: 1, most: Infinity },
  stopsAtOperand: true,
  completes: 'images',
  options: containerOptions,
  examples: [['jailer create --name web nginx', 'make it now, and start it later with jailer start web']],
  run: async (context, values, [image = '', ...words]) => {
    const wanted = readWanted(values, words);
    const keeping = readKeeping(values);
    const engine = await openEngine(context);
    const source = await findSource(context, engine, values, image);
    const { container, lock } = await makeContainer(engine, source, wanted, keeping);
    lock.release();
    context.print(`${container.id}\n`);
    return 0;
  },
};

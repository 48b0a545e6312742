import { isatty } from 'node:tty';
import type { Command } from '../command.js';
import { runDetached } from '../container/detached.js';
import { openEngine } from '../container/engine.js';
import { runInForeground } from '../container/foreground.js';
import { makeContainer } from '../container/make.js';
import { findSource } from '../container/source.js';
import { containerOptions, readKeeping, readWanted } from '../container/wanted.js';
import { CliError } from '../error.js';

export const command: Command = {
  operands: 'IMAGE [COMMAND [ARGUMENT...]]',
  count: { least: 1, most: Infinity },
  stopsAtOperand: true,
  completes: 'images',
  options: [
    { name: 'detach', short: 'd', kind: 'flag', help: 'let it run on, and print its id' },
    ...containerOptions,
  ],
  examples: [
    ['jailer run --rm -it docker.io/library/busybox sh', 'a shell, gone when it ends'],
    ['jailer run -d --name web -p 8080:80 nginx', 'a server, reached at port 8080 (FreeBSD)'],
    ['jailer run --rm --rootfs /srv/root /bin/date', 'a folder in place of an image'],
  ],
  run: async (context, values, [image = '', ...words]) => {
    const wanted = readWanted(values, words);
    const keeping = readKeeping(values);
    const detach = values.flag('detach');
    if (wanted.terminal && keeping.interactive && !detach && !isatty(0)) {
      throw new CliError('--tty: standard input is no terminal: leave -t out, or run it in a terminal');
    }
    const engine = await openEngine(context);
    const source = await findSource(context, engine, values, image);
    const made = await makeContainer(engine, source, wanted, keeping);
    context.endProgress();
    if (!detach) return await runInForeground(context, engine, made);
    await runDetached(engine, made);
    context.print(`${made.container.id}\n`);
    return 0;
  },
};

import { createReadStream } from 'node:fs';
import { isatty } from 'node:tty';
import { importArchive } from '../../image/archive/import.js';
import { openContent } from '../../image/content/content.js';
import { parseReference, shortReference } from '../../image/reference.js';
import { quietOption, type Command } from '../command.js';
import { CliError } from '../error.js';

const chunkSize = 1024 * 1024;

export const command: Command = {
  operands: '[FILE]',
  count: { least: 0, most: 1 },
  options: [
    {
      name: 'input',
      short: 'i',
      kind: 'text',
      value: 'FILE',
      help: 'the same as FILE, as docker load has it',
    },
    { ...quietOption, help: 'print names only' },
  ],
  examples: [
    ['jailer load web.tar', 'the images of an archive of Docker or OCI, compressed or not'],
    ['docker save web:1 | jailer load', 'from a program'],
  ],
  run: async ({ places, print }, values, [operand]) => {
    const path = operand ?? values.text('input');
    if (path === undefined && isatty(0))
      throw new CliError('load: which archive? give a FILE, or send it from a program');
    const content = await openContent(places.data);
    try {
      const source =
        path === undefined || path === '-'
          ? process.stdin
          : createReadStream(path, { highWaterMark: chunkSize });
      const where = path === undefined || path === '-' ? 'standard input' : path;
      const images = await importArchive(content.blobs, source, { where });
      for (const { name, target } of images) content.images.set(name, target);
      const said = values.flag('quiet') ? '' : 'loaded ';
      print(images.map(({ name }) => `${said}${shortReference(parseReference(name))}\n`).join(''));
    } catch (error) {
      await content.abandon();
      throw error;
    } finally {
      await content.close();
    }
    return 0;
  },
};

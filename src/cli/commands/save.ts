import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { isatty } from 'node:tty';
import { pipeline } from 'node:stream/promises';
import { exportArchive } from '../../image/archive/export.js';
import { openContent } from '../../image/content/content.js';
import { fileError } from '../../image/content/failure.js';
import { parsePlatformName } from '../../image/platform.js';
import { formatReference, parseReference } from '../../image/reference.js';
import type { Command } from '../command.js';
import { CliError } from '../error.js';

/** As if SIGINT had ended it. */
const stopped = 130;

export const command: Command = {
  operands: 'IMAGE...',
  count: { least: 1, most: Infinity },
  stops: true,
  completes: 'images',
  options: [
    {
      name: 'output',
      short: 'o',
      kind: 'text',
      value: 'FILE',
      help: 'where to; standard output if left out',
    },
    {
      name: 'format',
      kind: 'text',
      value: 'docker|oci',
      help: 'docker, for all that load images; oci without what only Docker reads',
    },
    {
      name: 'platform',
      kind: 'text',
      value: 'OS/ARCH',
      help: 'of an image of several, the one that Docker gets',
    },
  ],
  examples: [
    ['jailer save -o web.tar web:1 db:2', 'two images in one file'],
    ['jailer save web:1 | ssh host jailer load', 'to another host'],
  ],
  run: async ({ places, signal }, values, names) => {
    const output = values.text('output');
    if (output === undefined && isatty(1)) {
      throw new CliError('save: an archive is nothing for a terminal: -o FILE, or send it to a program');
    }
    const platform = values.text('platform');
    const content = await openContent(places.data);
    try {
      const images = names.map((name) => {
        const whole = formatReference(parseReference(name));
        const image = content.images.get(whole);
        if (image === undefined) throw new CliError(`there is no image ${whole}: see jailer images`);
        return { name: whole, target: image.target };
      });
      const archive = await exportArchive(content.blobs, images, {
        format: values.text('format') === 'oci' ? 'oci' : 'docker',
        ...(platform !== undefined && { platform: parsePlatformName(platform) }),
      });
      if (output === undefined)
        await pipeline(archive, process.stdout, { end: false, ...(signal && { signal }) });
      else await writeTo(output, archive, signal);
    } catch (error) {
      if (signal?.aborted !== true) throw error;
      throw new CliError('save: stopped', stopped, { cause: error });
    } finally {
      await content.close();
    }
    return 0;
  },
};

/** Writes beside the file, so that there is a whole one or none. */
async function writeTo(
  path: string,
  archive: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const beside = `${path}.${process.pid}.part`;
  const file = createWriteStream(beside, { flags: 'wx', mode: 0o600 });
  try {
    await pipeline(archive, file, { ...(signal && { signal }) });
    await rename(beside, path);
  } catch (error) {
    // It may be about to be opened still, and would be there again.
    if (!file.closed) await new Promise<void>((resolve) => file.once('close', resolve));
    await rm(beside, { force: true });
    throw fileError(error, path);
  }
}

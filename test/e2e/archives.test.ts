import assert from 'node:assert/strict';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { exportArchive } from '../../src/image/archive/export.js';
import { importArchive } from '../../src/image/archive/import.js';
import { openContent, type Content } from '../../src/image/content/content.js';
import type { Containerd } from './harness/containerd.js';
import { withContainerd } from './harness/fixture.js';
import { IMAGE } from './harness/image.js';

const scenario = withContainerd();

/** The digest that containerd has for a name. */
async function digestOf(containerd: Containerd, name: string): Promise<string> {
  const list = await containerd.tell(['image', 'list', `name==${name}`]);
  return /sha256:[0-9a-f]{64}/.exec(list)?.[0] ?? list;
}

async function withImages(containerd: Containerd, body: (content: Content, file: string) => Promise<void>) {
  const data = join(containerd.directory, 'images');
  const content = await openContent(data);
  try {
    await body(content, join(containerd.directory, 'archive.tar'));
  } finally {
    await content.close();
    await rm(data, { recursive: true });
    await rm(join(containerd.directory, 'archive.tar'), { force: true });
  }
}

for (const format of ['oci', 'docker'] as const) {
  scenario(
    `images: what containerd exports is loaded, and what is saved as ${format} it imports`,
    async (containerd) => {
      await withImages(containerd, async ({ blobs }, file) => {
        await containerd.tell(['image', 'export', file, IMAGE]);
        const images = await importArchive(blobs, createReadStream(file), { where: file });
        const digest = await digestOf(containerd, IMAGE);
        assert.deepEqual(
          images.map(({ name, target }) => [name, target.digest]),
          [[IMAGE, digest]],
        );

        const name = `docker.io/library/saved-as-${format}:1`;
        const saved = images.map(({ target }) => ({ name, target }));
        await pipeline(await exportArchive(blobs, saved, { format }), createWriteStream(file));
        await containerd.tell(['image', 'import', file]);
        assert.equal(await digestOf(containerd, name), digest);
        await containerd.tell(['image', 'remove', name]);
      });
    },
  );
}

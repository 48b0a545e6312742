import { openContent } from '../../../src/image/content/content.js';
import { parseReference } from '../../../src/image/reference.js';
import { RegistryClient } from '../../../src/image/registry/client.js';
import { pull } from '../../../src/image/registry/pull.js';
import { amd64 } from './images.js';

// usage: node pull-program.js DATA IMAGE: pulls, says how many bytes are there at each step, and at last its largest size in KiB.
const [data = '', image = ''] = process.argv.slice(2);
const content = await openContent(data);
const client = new RegistryClient({
  settings: new Map(),
  credentials: () => Promise.resolve(undefined),
  environment: {},
  warn: () => undefined,
});
try {
  await pull(parseReference(image), {
    client,
    blobs: content.blobs,
    platforms: [amd64],
    progress: ({ id, done, state }) => {
      if (process.env['TELL'] !== undefined) process.stdout.write(`${id} ${done} ${state}\n`);
    },
  });
} finally {
  await client.close();
  await content.close();
}
process.stdout.write(`${process.resourceUsage().maxRSS}\n`);

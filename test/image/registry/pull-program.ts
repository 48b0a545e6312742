import { openContent } from '../../../src/image/content/content.js';
import { parseReference } from '../../../src/image/reference.js';
import { RegistryClient } from '../../../src/image/registry/client.js';
import { pull } from '../../../src/image/registry/pull.js';
import { amd64 } from './images.js';

// usage: node pull-program.js DATA IMAGE: pulls, says how many bytes are there at each step, and at last its largest size in bytes.
const [data = '', image = ''] = process.argv.slice(2);
const content = await openContent(data);
const client = new RegistryClient({
  settings: new Map(),
  credentials: () => Promise.resolve(undefined),
  environment: {},
  warn: () => undefined,
});
// Not maxRSS of getrusage(2): on Linux that begins with the size of who made this process.
let largest = 0;
try {
  await pull(parseReference(image), {
    client,
    blobs: content.blobs,
    platforms: [amd64],
    progress: ({ id, done, state }) => {
      largest = Math.max(largest, process.memoryUsage.rss());
      if (process.env['TELL'] !== undefined) process.stdout.write(`${id} ${done} ${state}\n`);
    },
  });
} finally {
  await client.close();
  await content.close();
}
process.stdout.write(`${largest}\n`);

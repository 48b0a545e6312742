import { openContent } from '../../../src/image/content/content.js';
import { hostLocks } from '../../../src/image/content/file-lock.js';
import { openRoots } from '../../../src/image/roots/open.js';
import type { RootLayer, RootsKind } from '../../../src/image/roots/roots.js';
import { linuxFiles } from '../../../src/kernel/linux/files.js';
import { openLocalKernel } from '../../../src/kernel/local.js';

// usage: node kill-program.js DATA KIND LAYERS MOMENT: unpacks, makes a container's root, and kills itself at the MOMENT-th
// progress or step.
const [data = '', kind = '', layers = '[]', moment = '0'] = process.argv.slice(2);
let left = Number(moment);
const step = (): void => {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
};
const kernel = openLocalKernel('koffi');
if (kernel.platform !== 'linux') throw new Error('needs Linux');
const content = await openContent(data);
const files = linuxFiles(kernel);
const watched = {
  ...files,
  setTime: (...args: Parameters<typeof files.setTime>): void => {
    step();
    files.setTime(...args);
  },
};
const directory = `${data}/roots`;
const roots = await openRoots({ directory, locks: hostLocks(), files: watched, kind: kind as RootsKind });
step();
await roots.prepare(JSON.parse(layers) as RootLayer[], content.blobs, { progress: step });
step();
await roots.create('box', JSON.parse(layers) as RootLayer[]);
step();
await roots.remove('box');
step();
await roots.collect([]);
await roots.close();
await content.close();
process.stdout.write(`${Number(moment) - left}\n`);

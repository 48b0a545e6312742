// Run by watcher.test.ts: exits while a watcher waits on its thread.
import type { EngineName } from '../../../src/kernel/local.js';
import { openLocalKernel } from '../../../src/kernel/local.js';
import { createEventCounter, epollEvents } from '../../../src/kernel/linux/epoll.js';
import { Watcher } from '../../../src/kernel/linux/watcher.js';

const kernel = openLocalKernel(process.argv[2] as EngineName);
const watcher = new Watcher(kernel, (error) => {
  throw error;
});
watcher.add(createEventCounter(kernel), epollEvents.readable, () => undefined);
// The thread is surely waiting once a later task of the same pool has run.
await kernel.runBlocking({ arena: new Uint8Array(0), fixups: [], calls: [{ symbol: 'getpid', args: [] }] });
process.exit(3);

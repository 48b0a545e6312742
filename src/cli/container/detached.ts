import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleOf, logOf } from '../places.js';
import { makeFifo } from '../kernel.js';
import type { Engine } from './engine.js';
import { dropFailed } from './finish.js';
import { launch, type Streams } from './launch.js';
import type { Made } from './make.js';

/**
 * Starts a container that goes on when this program is gone. What it writes goes to its log, without anybody between; its
 * input, if it is to have one, stays open until `jailer` is told otherwise. The lock is released.
 */
export async function runDetached(engine: Engine, { container, lock }: Made): Promise<void> {
  const { id, settings } = container;
  const log = `file://${encodeURI(logOf(engine.places, id))}`;
  const stdin = settings.interactive ? join(bundleOf(engine.places, id), 'stdin') : '';
  try {
    if (stdin !== '') {
      rmSync(stdin, { force: true }); // of an earlier run
      makeFifo(stdin, 0o600);
    }
    const streams: Streams = { stdin, stdout: log, stderr: settings.terminal ? '' : log };
    const task = await launch(engine, container, streams, () => undefined);
    task.close();
  } catch (error) {
    await dropFailed(engine, container);
    throw error;
  } finally {
    lock.release();
  }
}

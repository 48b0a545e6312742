import type { Task } from '../daemon/task.js';
import type { Container } from '../state/containers.js';
import type { Engine } from './engine.js';
import { removeAll } from './remove.js';
import { takeEnd } from './settle.js';

/** Writes down how a container ended, and removes it if it was to be removed then. The caller has its lock. */
export async function finish(engine: Engine, container: Container, task: Task): Promise<void> {
  await takeEnd(engine, container, task);
  const now = engine.containers.get(container.id);
  if (now?.phase === 'ended' && now.settings.autoRemove) await removeAll(engine, now);
}

/** Removes a container of `--rm` that could not be started, or whose daemon was lost. The caller has its lock. */
export async function dropFailed(engine: Engine, { id, settings }: Container): Promise<void> {
  if (!settings.autoRemove) return;
  const now = engine.containers.get(id);
  if (now !== undefined) await removeAll(engine, now);
}

import { rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp } from '../daemon/launcher.js';
import { leaseOf } from '../image/source.js';
import { bundleOf, lockOf } from '../places.js';
import type { Container } from '../state/containers.js';
import type { Engine } from './engine.js';

/** Removes a container whose lock the caller has, whatever its phase, and the lock's file. May be done by half, and again. */
export async function removeAll(engine: Engine, { id, phase, settings }: Container): Promise<void> {
  const { places, containers } = engine;
  if (phase === 'starting' || phase === 'started') await cleanUp(places, id);
  containers.setPhase(id, 'removing');
  if (settings.imageDigest !== undefined) {
    const { roots, content } = await engine.images();
    await roots.remove(id);
    content.leases.release(leaseOf(id));
  }
  removeBundle(bundleOf(places, id));
  containers.remove(id);
  rmSync(lockOf(places, id), { force: true });
}

/** Never walks into the root: if something were still mounted there, what it shows would be removed. */
export function removeBundle(bundle: string): void {
  try {
    rmdirSync(join(bundle, 'rootfs'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  rmSync(bundle, { recursive: true, force: true });
}

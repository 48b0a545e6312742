import { pack } from '../../proto/any.js';
import type { Any } from '../../proto/generated/messages.js';
import type { CgroupPaths } from './locate.js';

/**
 * The figures of a cgroup, as io.containerd.cgroups.v1.Metrics or v2.Metrics. The messages' modules are loaded when
 * first needed, as a host needs one of them at most.
 *
 * @throws CgroupGoneError
 */
export async function readMetrics({ mode, controllers, unified }: CgroupPaths): Promise<Any> {
  if (mode === 'v2' && unified !== undefined) {
    const { Metrics } = await import('../../proto/generated/cgroups-v2.js');
    const { readStatsV2 } = await import('./stats-v2.js');
    return pack(Metrics, readStatsV2(unified));
  }
  const { Metrics } = await import('../../proto/generated/cgroups-v1.js');
  const { readStatsV1 } = await import('./stats-v1.js');
  return pack(Metrics, readStatsV1(controllers));
}

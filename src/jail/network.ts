import { enterJail } from '../kernel/freebsd/launch.js';
import { run } from '../kernel/freebsd/run.js';
import { configureLoopback } from '../network/inside.js';
import { RuntimeError } from '../runtime/error.js';
import type { NetworkPlan } from './plan/network.js';
import type { RuntimeTools } from './tools.js';

/** A network that was decided upon. */
export type DecidedNetwork = Exclude<NetworkPlan, { mode: 'default' | 'network' }>;

/**
 * What becomes of a container's network: what its spec says, else what the configuration says.
 *
 * @throws RuntimeError unsupported, for what there is no network for
 */
export function decideNetwork(plan: NetworkPlan, otherwise: RuntimeTools['defaultNetwork']): DecidedNetwork {
  if (plan.mode === 'network') {
    throw new RuntimeError('unsupported', `network ${plan.name}: no networks are configured`);
  }
  if (plan.mode === 'inherit' && plan.interface !== undefined) {
    throw new RuntimeError('unsupported', `interface ${plan.interface}: cannot be given addresses yet`);
  }
  if (plan.mode !== 'default') return plan;
  return otherwise === 'none'
    ? { mode: 'none' }
    : { mode: 'inherit', ip4: 'inherit', ip6: 'inherit', interface: undefined };
}

/** Gives a jail with a network stack of its own its loopback, as somebody who is in it for this only. */
export async function configureNetwork(
  { children, system }: Pick<RuntimeTools, 'children' | 'system'>,
  jid: number,
  network: DecidedNetwork,
): Promise<void> {
  if (network.mode === 'inherit') return;
  const visitor = await children.start(['null', 'null', 'null']);
  try {
    const inside = { kernel: visitor.kernel, bindings: system.bindings };
    await run(inside, (b) => enterJail(b, jid));
    await configureLoopback(inside);
  } finally {
    await visitor.abandon();
  }
}

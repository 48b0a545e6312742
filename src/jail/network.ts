import { connect } from '../network/connect.js';
import { disconnect, isNetworkKind } from '../network/disconnect.js';
import { NetworkError, type NetworkErrorKind } from '../network/error.js';
import { writeNetworkFiles } from '../network/files.js';
import { findNetwork, type NetworkHost } from '../network/host.js';
import { configureLoopback } from '../network/inside.js';
import { withinJail } from '../network/within.js';
import { reason, RuntimeError, type RuntimeErrorKind } from '../runtime/error.js';
import type { Journal } from '../runtime/journal.js';
import type { ContainerKey } from '../runtime/key.js';
import type { JailPlan } from './plan/jail.js';
import type { MountPlan } from './plan/mount.js';
import type { NetworkPlan } from './plan/network.js';
import type { RuntimeTools } from './tools.js';

/** A network that was decided upon. */
export type DecidedNetwork = Exclude<NetworkPlan, { mode: 'default' }>;

/** Not `already-exists` for what is taken: to containerd that means that the container is there. */
const kinds: Readonly<Record<NetworkErrorKind, RuntimeErrorKind>> = {
  invalid: 'invalid',
  taken: 'precondition',
  exhausted: 'exhausted',
  lacking: 'precondition',
};

type NetworkTools = Pick<RuntimeTools, 'children' | 'system' | 'networks'>;

/**
 * What becomes of a container's network: what its spec says, else what the configuration says.
 *
 * @throws RuntimeError for what there is no network for
 */
export function decideNetwork(
  plan: NetworkPlan,
  { defaultNetwork, networks }: Pick<RuntimeTools, 'defaultNetwork' | 'networks'>,
): DecidedNetwork {
  const decided = plan.mode === 'default' ? byDefault(defaultNetwork) : plan;
  if (decided.mode !== 'network') return decided;
  const names = networks?.networks.map(({ name }) => name) ?? [];
  if (names.includes(decided.name)) return decided;
  const there = names.length === 0 ? 'no networks are configured' : `there are only ${names.join(', ')}`;
  throw new RuntimeError('invalid', `network ${decided.name}: ${there}`);
}

function byDefault(name: string): DecidedNetwork {
  if (name === 'none') return { mode: 'none' };
  if (name === 'host') return { mode: 'inherit', ip4: 'inherit', ip6: 'inherit', interface: undefined };
  return { mode: 'network', name };
}

/**
 * The files that containers of a network get in the place of their image's, unless their spec mounts something there: names
 * of their neighbours, and name servers. They are shared, so no container can write them.
 */
export function networkMounts(
  { networks }: Pick<RuntimeTools, 'networks'>,
  network: DecidedNetwork,
  mounts: readonly MountPlan[],
): MountPlan[] {
  if (network.mode !== 'network' || networks === undefined) return [];
  const files = writeNetworkFiles(networks, findNetwork(networks, network.name));
  return Object.entries(files)
    .filter(([destination]) => !mounts.some((mount) => hides(mount.destination, destination)))
    .map(([destination, source]) => ({ type: 'nullfs', source, destination, flags: { readOnly: true } }));
}

/** Whether a mount at one place shows something else at the other. */
function hides(mounted: string, path: string): boolean {
  return path === mounted || path.startsWith(`${mounted}/`);
}

/**
 * Gives a jail with a network stack of its own what it is to have there: its loopback, and its place in a network.
 *
 * @throws RuntimeError, KernelError or Error that says what could not be had; what was made is in the journal
 */
export async function configureNetwork(
  tools: NetworkTools,
  jid: number,
  network: DecidedNetwork,
  { key, membership, parameters }: Pick<JailPlan, 'key' | 'membership' | 'parameters'>,
  journal: Journal,
): Promise<void> {
  if (network.mode === 'inherit') return;
  if (network.mode !== 'network') {
    await withinJail(tools.system, tools.children, jid, configureLoopback);
    return;
  }
  const host = hostOf(tools);
  const { addresses, ports, aliases } = membership;
  const hostname = parameters.asked['host.hostname'] ?? parameters.defaults['host.hostname'];
  try {
    await connect(host, journal, {
      namespace: key.namespace,
      id: key.id,
      jid,
      network: network.name,
      interface: findNetwork(host, network.name).interface,
      addresses,
      ports,
      names: [key.id, ...(typeof hostname === 'string' ? [hostname] : []), ...aliases],
    });
  } catch (error) {
    if (error instanceof NetworkError) {
      throw new RuntimeError(kinds[error.kind], reason(error), { cause: error });
    }
    throw error;
  }
}

/** Takes a container off its networks, by its journal alone. Before its jail goes. */
export async function leaveNetworks(tools: NetworkTools, key: ContainerKey, journal: Journal): Promise<void> {
  const made = journal.entries().filter(({ kind }) => isNetworkKind(kind));
  if (made.length > 0) await disconnect(hostOf(tools), key, journal, made);
}

function hostOf(tools: NetworkTools): NetworkHost {
  if (tools.networks === undefined) throw new RuntimeError('failed', 'no networks are configured');
  const { children, networks, system } = tools;
  return { ...networks, within: (jid, body) => withinJail(system, children, jid, body) };
}

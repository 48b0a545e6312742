import { isKernelError } from '../../kernel/error.js';
import { listInterfaceAddresses } from '../../kernel/freebsd/interface-addresses.js';
import { interfaceFlags } from '../../kernel/freebsd/interface.js';
import { getJail } from '../../kernel/freebsd/jail.js';
import { run } from '../../kernel/freebsd/run.js';
import type { Attachment, AttachmentStore } from '../../store/attachments.js';
import { connect } from '../connect.js';
import { leasedAddresses } from '../disconnect.js';
import { forwardingProblem, notForwarded } from '../forwarding.js';
import type { NetworkHost } from '../host.js';
import { halves, type PairDetail } from '../pair.js';
import { readConfig, supportedVersions, versionOf, type CniConfig } from './config.js';
import { detach, ledgerOf } from './detach.js';
import { keyOf } from './key.js';
import { readEnvironment, type CniEnvironment } from './environment.js';
import { cniCode, CniError, cniErrorOf } from './error.js';
import { resultOf, writeResult } from './result.js';

/** What the plugin works with. */
export interface CniHost extends NetworkHost {
  readonly attachments: AttachmentStore;
  close(): void | Promise<void>;
}

/** Opens the host with the networks that are given. Not called for what needs none. */
export type OpenCniHost = (networks: NetworkHost['networks']) => Promise<CniHost>;

/** What the plugin prints, and its exit status. */
export interface CniAnswer {
  readonly output: object | undefined;
  readonly status: 0 | 1;
}

/**
 * The CNI plugin `jail-bridge`, which puts jails on bridges: `CNI_NETNS` is the name of a jail, or its jid.
 *
 * @param open opens the host, which is closed at the end
 * @param environment the CNI_* variables
 * @param input standard input: the network configuration
 */
export async function runPlugin(
  open: OpenCniHost,
  environment: NodeJS.ProcessEnv,
  input: string,
): Promise<CniAnswer> {
  try {
    const said = readEnvironment(environment);
    if (said.verb === 'VERSION') {
      return { output: { cniVersion: versionOf(input), supportedVersions }, status: 0 };
    }
    const config = readConfig(input);
    const host = await open([config.network]);
    try {
      return { output: await act(host, said, config), status: 0 };
    } finally {
      await host.close();
    }
  } catch (error) {
    const { code, message } = cniErrorOf(error);
    return { output: { cniVersion: versionOf(input), code, msg: message.split('\n').join('; ') }, status: 1 };
  }
}

async function act(host: CniHost, said: CniEnvironment, config: CniConfig): Promise<object | undefined> {
  switch (said.verb) {
    case 'ADD':
      return await add(host, said, config);
    case 'DEL':
      await detach(host, host.attachments, attachmentOf(said, config));
      return undefined;
    case 'CHECK':
      await check(host, said, config);
      return undefined;
    case 'GC':
      await collect(host, config);
      return undefined;
    case 'STATUS':
      await status(host, config);
      return undefined;
    case 'VERSION':
      throw new TypeError('VERSION needs no network');
  }
}

function attachmentOf({ containerId, interface: name }: CniEnvironment, config: CniConfig): Attachment {
  return { network: config.name, id: containerId, interface: name };
}

async function add(host: CniHost, said: CniEnvironment, config: CniConfig): Promise<object> {
  const attachment = attachmentOf(said, config);
  const jid = await findJail(host, said.netns);
  if (!host.attachments.add(attachment, jid)) {
    throw new CniError(
      cniCode.refused,
      `container ${said.containerId} has interface ${said.interface} of network ${config.name} already`,
    );
  }
  try {
    const connection = await connect(host, ledgerOf(host.attachments, attachment), {
      ...keyOf(attachment),
      jid,
      network: config.network.name,
      interface: said.interface,
      addresses: config.addresses,
      ports: config.ports,
      names: [said.containerId, ...config.aliases],
    });
    const { bridge } = config.network;
    const pair = pairOf(host, attachment);
    const result = resultOf(connection, { bridge, pair }, said.netns, config.dns, config.previous);
    return writeResult(config.version, result);
  } catch (error) {
    await detach(host, host.attachments, attachment);
    throw error;
  }
}

async function check(host: CniHost, said: CniEnvironment, config: CniConfig): Promise<void> {
  const attachment = attachmentOf(said, config);
  if (config.previous === undefined) {
    throw new CniError(cniCode.invalidConfiguration, 'prevResult is needed for CHECK');
  }
  if (!host.attachments.has(attachment)) {
    throw new CniError(
      cniCode.unknownContainer,
      `container ${said.containerId} has no interface ${said.interface} of network ${config.name}`,
    );
  }
  const jid = await findJail(host, said.netns);
  const pair = pairOf(host, attachment);
  await run(host.system, (b) => interfaceFlags(b, pair));
  const has = await host.within(jid, async (inside) => {
    await run(inside, (b) => interfaceFlags(b, said.interface));
    return listInterfaceAddresses(inside);
  });
  for (const address of leasedAddresses(host.leases, keyOf(attachment))) {
    if (has.some((each) => each.interface === said.interface && each.address === address)) continue;
    throw new CniError(
      cniCode.refused,
      `container ${said.containerId}: interface ${said.interface} has lost its address ${address}`,
    );
  }
}

/** Takes away all attachments of the network that the runtime does not name. */
async function collect(host: CniHost, config: CniConfig): Promise<void> {
  if (config.attachments === undefined) {
    throw new CniError(cniCode.invalidConfiguration, 'cni.dev/valid-attachments is needed for GC');
  }
  const valid = new Set(config.attachments.map(({ containerID, ifname }) => `${containerID} ${ifname}`));
  const failures: unknown[] = [];
  for (const attachment of host.attachments.list(config.name)) {
    if (valid.has(`${attachment.id} ${attachment.interface}`)) continue;
    await detach(host, host.attachments, attachment).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

async function status({ filter, system }: CniHost, { network }: CniConfig): Promise<void> {
  if (network.outside === 'none') return;
  const lack = await filter.lack();
  if (lack !== undefined) throw new CniError(cniCode.limitedConnectivity, lack);
  const off = await notForwarded(
    system,
    network.subnets.map(({ prefix }) => prefix.family),
  );
  if (off.length === 0 || network.prepareHost) return;
  const { problem, remedy } = forwardingProblem(off);
  throw new CniError(cniCode.limitedConnectivity, `${problem}: ${remedy}`);
}

/** The jail by name or jid. It must have a network stack of its own. */
async function findJail({ system }: NetworkHost, netns: string): Promise<number> {
  const key = /^[1-9]\d{0,9}$/.test(netns) ? { jid: Number(netns) } : { name: netns };
  const found = await run(system, (b) => b.attempt(() => getJail(b, key, ['vnet']))).catch(
    (error: unknown) => {
      if (error instanceof RangeError)
        throw new CniError(cniCode.invalidEnvironment, `CNI_NETNS: ${error.message}`);
      throw error;
    },
  );
  if (isKernelError(found, 'ENOENT')) {
    throw new CniError(cniCode.unknownContainer, `CNI_NETNS: there is no jail ${JSON.stringify(netns)}`);
  }
  if (isKernelError(found)) throw found;
  if (found.values.vnet !== 'new') {
    throw new CniError(
      cniCode.invalidEnvironment,
      `CNI_NETNS: jail ${JSON.stringify(netns)} has no network stack of its own (vnet)`,
    );
  }
  return found.jid;
}

/** The host's half of the attachment's epair. */
function pairOf({ attachments }: CniHost, attachment: Attachment): string {
  const pair = attachments.made(attachment).find(({ kind }) => kind === 'pair');
  if (pair === undefined) throw new Error(`${attachment.id}: no epair was made for ${attachment.interface}`);
  return halves(pair.detail as PairDetail).host;
}

import type { Family } from '../kernel/freebsd/pf-address.js';
import type { FreeBSD } from '../kernel/freebsd/run.js';
import { NetworkError } from './error.js';
import { forwardingProblem, notForwarded, turnOnForwarding } from './forwarding.js';
import { refuseHostNetworks } from './host-networks.js';
import { interfaceModules, requireModules } from './modules.js';
import type { NetworkSettings } from './settings.js';

/** What a host needs for its networks. What was found to be so is not asked again by this program. */
export class Preparation {
  readonly #system: FreeBSD;
  readonly #warn: (message: string) => void;
  /** Networks by name, of which all was found well, or is just looked at. */
  readonly #ready = new Map<string, Promise<void>>();
  readonly #forwarded = new Set<Family>();
  readonly #told = new Set<string>();

  constructor(system: FreeBSD, warn: (message: string) => void) {
    this.#system = system;
    this.#warn = warn;
  }

  /**
   * Sees to it that interfaces can be made, and that the network's addresses are not the host's.
   *
   * @throws NetworkError lacking or invalid
   */
  async prepare(network: NetworkSettings): Promise<void> {
    const ready = this.#ready.get(network.name) ?? this.#look(network);
    this.#ready.set(network.name, ready);
    try {
      await ready;
    } catch (error) {
      this.#ready.delete(network.name);
      throw error;
    }
  }

  async #look(network: NetworkSettings): Promise<void> {
    const modules = network.prepareHost ? [...interfaceModules, 'pf' as const] : interfaceModules;
    await requireModules(this.#system, modules);
    await refuseHostNetworks(this.#system, network, (message) => {
      this.tellOnce(message);
    });
  }

  /**
   * Sees to it that the host passes packets on, turns that on where the configuration says so, or says once that it is off.
   *
   * @param needed families without which it is no use
   * @throws NetworkError lacking, for those that are needed
   */
  async forward(network: NetworkSettings, needed: ReadonlySet<Family>): Promise<void> {
    const families = network.subnets.map(({ prefix }) => prefix.family);
    const unknown = families.filter((family) => !this.#forwarded.has(family));
    if (unknown.length === 0) return;
    const off = await notForwarded(this.#system, unknown);
    for (const family of unknown) if (!off.includes(family)) this.#forwarded.add(family);
    if (off.length === 0) return;
    if (network.prepareHost) {
      await turnOnForwarding(this.#system, off);
      for (const family of off) this.#forwarded.add(family);
      return;
    }
    const missed = off.filter((family) => needed.has(family));
    const { problem, remedy } = forwardingProblem(missed.length > 0 ? missed : off);
    if (missed.length > 0) {
      throw new NetworkError('lacking', `ports cannot be published: ${problem}: ${remedy}`);
    }
    const by = off.length < families.length ? ` by ${off[0] === 'inet' ? 'IPv4' : 'IPv6'}` : '';
    this.tellOnce(`containers reach no network but their own${by}: ${problem}: ${remedy}`);
  }

  /** Says something in one line, unless it was said. */
  tellOnce(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#warn(message);
  }
}

import type { NetworkState } from '../network/host.js';
import type { ContainerKey } from '../runtime/key.js';
import type { JailTools } from './jail/make.js';
import type { JailDefaults } from './plan.js';
import type { LaunchTools } from './process/launch.js';

/** What the jail runtime works with: the kernel, children of the daemon, and the configuration. */
export interface RuntimeTools extends JailTools, Omit<LaunchTools, 'patience'> {
  readonly defaults: JailDefaults;
  /** what becomes of a container whose spec says nothing of its network: `host`, `none` but a loopback, or a network's name */
  readonly defaultNetwork: string;
  /** the networks of the configuration; undefined if there are none */
  readonly networks: NetworkState | undefined;
  /** milliseconds for a hook that has no timeout of its own */
  readonly hookTimeout: number;
  readonly warn: (key: ContainerKey, message: string) => void;
}

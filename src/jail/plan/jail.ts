import type { ContainerKey } from '../../runtime/key.js';
import type { HooksPlan } from './hooks.js';
import type { LinuxPlan } from './linux.js';
import type { MembershipPlan } from './membership.js';
import type { DevicePlan, MountPlan } from './mount.js';
import type { NetworkPlan } from './network.js';
import type { ParametersPlan } from './parameters.js';
import type { ProcessPlan } from './process.js';
import type { ResourcesPlan } from './resources.js';

/** Everything that is to be made for a container, checked as far as that goes without asking a kernel. */
export interface JailPlan {
  readonly key: ContainerKey;
  /** the jail's name below its parent's */
  readonly name: string;
  /**
   * Full names of jails of which the first that exists is to be the parent. Empty: the jail is the host's own. With
   * names, it is an error if none exists.
   */
  readonly parents: readonly string[];
  /** true for a pod's sandbox, whose jail is to be the parent of its containers' jails */
  readonly sandbox: boolean;
  /** the root on the host: absolute and in plain form */
  readonly root: { readonly path: string; readonly readonly: boolean };
  /** what containerd wants mounted on the root, before all else; destinations are below the root */
  readonly rootfs: readonly MountPlan[];
  readonly mounts: readonly MountPlan[];
  readonly devices: readonly DevicePlan[];
  /** undefined for FreeBSD programs */
  readonly linux: LinuxPlan | undefined;
  readonly network: NetworkPlan;
  readonly membership: MembershipPlan;
  readonly parameters: ParametersPlan;
  readonly resources: ResourcesPlan;
  readonly process: ProcessPlan;
  readonly hooks: HooksPlan;
  readonly annotations: Readonly<Record<string, string>>;
}

import type { ContainerKey } from '../runtime/key.js';
import type { RootfsMount } from '../runtime/runtime.js';
import type { Spec } from '../runtime/spec.js';
import { isForLinux } from './linux/detect.js';
import { completeLinuxMounts, linuxDevices } from './linux/mounts.js';
import { planLinux } from './linux/plan.js';
import { jailName } from './name.js';
import type { JailPlan } from './plan/jail.js';
import { documentField } from './spec/annotations.js';
import { planDevices } from './spec/devices.js';
import { refuseForeign } from './spec/foreign.js';
import { readFreebsdJail } from './spec/freebsd-object.js';
import { planHooks } from './spec/hooks.js';
import { planMembership } from './spec/membership.js';
import { planMounts, planRootfs } from './spec/mounts.js';
import { planNetwork } from './spec/network.js';
import { readOcijailAnnotations } from './spec/ocijail-annotations.js';
import { ownAnnotation, readOwnAnnotations } from './spec/own-annotations.js';
import { planParameters } from './spec/parameters.js';
import { planParents } from './spec/parents.js';
import { planProcess } from './spec/process.js';
import { planResources } from './spec/resources.js';
import { planRoot } from './spec/root.js';
import { mergeSettings } from './spec/settings.js';

/** A container that is to be. */
export interface PlanRequest {
  readonly key: ContainerKey;
  /** the bundle's directory: absolute */
  readonly bundle: string;
  readonly spec: Spec;
  /** what containerd wants mounted on the root */
  readonly rootfs: readonly RootfsMount[];
}

/** What the configuration says where a spec says nothing. */
export interface JailDefaults {
  /** what uname(2) says to Linux programs; undefined: the kernel's choice */
  readonly linuxRelease: string | undefined;
}

/**
 * Reads everything that a spec says of a jail, checks it, and puts it into the terms of FreeBSD. A field that asks for
 * what cannot be given is an error that names it; fields that mean nothing on FreeBSD are ignored. docs/jail-spec.md
 * lists them all.
 *
 * Where several sources say something of the same thing, it is what the `freebsd` object says, else ocijail's
 * annotations, else our own, else the configuration.
 *
 * @throws RuntimeError invalid or unsupported, beginning with the name of the field
 */
export function planJail({ key, bundle, spec, rootfs }: PlanRequest, defaults: JailDefaults): JailPlan {
  const { annotations } = spec;
  const document = documentField(spec.document);
  const freebsd = document.member('freebsd');
  const linux = document.member('linux');
  const own = (name: string) => ownAnnotation(annotations, name);

  const settings = mergeSettings([
    readFreebsdJail(freebsd.member('jail')),
    readOcijailAnnotations(annotations),
    readOwnAnnotations(annotations),
  ]);
  const { parents, inPod, sandbox } = planParents(key, annotations, {
    parent: settings.parent,
    network: own('network'),
  });
  const isChild = parents.length > 0;
  refuseForeign(document, isChild);

  const isLinux = isForLinux(annotations, document.member('mounts'));
  const given = planMounts(document.member('mounts'), { bundle, isLinux });
  const mounts = isLinux ? completeLinuxMounts(given.mounts) : given.mounts;
  const devices = planDevices({
    freebsd: freebsd.member('devices'),
    linux: linux.member('devices'),
    annotation: own('devices'),
  });
  const linuxPlan = isLinux ? planLinux(mounts, own('linux.osrelease'), defaults.linuxRelease) : undefined;

  return {
    key,
    name: jailName(key),
    parents,
    sandbox,
    root: planRoot(document.member('root'), bundle),
    rootfs: planRootfs(rootfs, bundle),
    mounts,
    devices: [...(isLinux ? linuxDevices : []), ...given.devices, ...devices],
    linux: linuxPlan,
    network: planNetwork({
      settings: settings.network,
      annotation: own('network'),
      namespaces: linux.member('namespaces'),
      isChild,
    }),
    membership: planMembership(own),
    parameters: planParameters({
      settings,
      document,
      id: key.id,
      isChild,
      inPod,
      sandbox,
      linux: linuxPlan,
    }),
    resources: planResources(linux.member('resources'), own('rctl')),
    process: planProcess(document.member('process'), spec.process.terminal),
    hooks: planHooks(document.member('hooks')),
    annotations,
  };
}

import type { JailParameters, JailValueName, JailValues } from '../kernel/freebsd/jail-parameters.js';
import { RuntimeError } from '../runtime/error.js';
import type { NetworkPlan } from './plan/network.js';
import type { ParametersPlan } from './plan/parameters.js';
import { pick } from './pick.js';

/** Parameters that a kernel may lack: those of modules, of options, and those that came with a later release. */
const notEverywhere = /^(allow\.|sysv|linux|vnet$|ip6)/;

/** Those among a plan's parameters for which the kernel has to be asked whether it has them. */
export function uncertainParameters({ asked, defaults }: ParametersPlan): JailValueName[] {
  const names = Object.keys({ ...defaults, ...asked }) as JailValueName[];
  return names.filter((name) => notEverywhere.test(name));
}

/** What kernels without this parameter do anyway. */
const otherwise: Readonly<Record<string, unknown>> = {
  'allow.suser': true,
  'allow.unprivileged_proc_debug': true,
  sysvmsg: 'disable',
  sysvsem: 'disable',
  sysvshm: 'disable',
  vnet: 'inherit',
  ip6: 'disable',
};

function behaviourWithout(name: string): unknown {
  if (Object.hasOwn(otherwise, name)) return otherwise[name];
  return name.startsWith('allow.') ? false : undefined;
}

/** What has to be in the kernel for a parameter to be there, where that is known. */
function sourceOf(name: string): string {
  const fileSystem = /^allow\.mount\.(.+)$/.exec(name)?.[1];
  if (fileSystem !== undefined) return `: load the module of ${fileSystem}, if jails may mount it at all`;
  if (name.startsWith('sysv')) return `: load the module ${name}`;
  if (name.startsWith('linux')) return ': load the module linux64';
  if (name === 'vnet') return ': it was built without VIMAGE';
  return '';
}

/**
 * The parameters that a kernel takes: what it lacks is left out where that makes no difference, or was a default.
 *
 * @param has whether the kernel has a parameter, for those of `uncertainParameters`
 * @throws RuntimeError unsupported, naming a parameter that was asked for and what brings it
 */
export function settleParameters(
  { asked, defaults }: ParametersPlan,
  has: (name: JailValueName) => boolean,
): JailParameters {
  const there = (name: string): boolean => !notEverywhere.test(name) || has(name as JailValueName);
  const kept = pick(asked, (name, value) => {
    if (there(name)) return true;
    if (value === behaviourWithout(name)) return false;
    throw new RuntimeError('unsupported', `${name}: this kernel has no such parameter${sourceOf(name)}`);
  });
  return { ...pick(defaults, there), ...kept };
}

/** What a parent jail bounds: the values of these, and of the permissions that a child is to have. */
export function boundsOf(parameters: JailParameters): JailValueName[] {
  const allowed = Object.entries(parameters).filter(([name, on]) => name.startsWith('allow.') && on === true);
  return ['enforce_statfs', ...(allowed.map(([name]) => name) as JailValueName[])];
}

/**
 * The parameters that a child of this parent can have: the kernel refuses, without saying which, permissions that the
 * parent lacks, and a lower enforce_statfs. Defaults give way; what was asked for is an error.
 *
 * @param parent its values of `boundsOf`
 * @throws RuntimeError precondition, naming the parameter
 */
export function fitToParent(
  parameters: JailParameters,
  { asked }: ParametersPlan,
  parent: { readonly name: string; readonly values: JailValues },
): JailParameters {
  const fitted: Record<string, unknown> = { ...parameters };
  const refuse = (name: string, why: string): never => {
    throw new RuntimeError('precondition', `${name}: the parent jail ${parent.name} ${why}`);
  };
  const least = parent.values.enforce_statfs ?? 0;
  if ((parameters.enforce_statfs ?? least) < least) {
    if (asked.enforce_statfs !== undefined)
      refuse('enforce_statfs', `has ${least}, below which no child goes`);
    fitted['enforce_statfs'] = least;
  }
  for (const name of boundsOf(parameters).filter((one) => one.startsWith('allow.'))) {
    if (parent.values[name] !== false) continue;
    if (Object.hasOwn(asked, name)) refuse(name, 'is not allowed it itself');
    fitted[name] = false;
  }
  return fitted as JailParameters;
}

/** The parameters that give a jail its network; "default" has to be decided before. */
export function networkParameters(network: Exclude<NetworkPlan, { mode: 'default' }>): JailParameters {
  if (network.mode !== 'inherit') return { vnet: 'new' };
  const { ip4, ip6 } = network;
  return {
    ...(typeof ip4 === 'string' ? { ip4 } : { 'ip4.addr': ip4 }),
    ...(typeof ip6 === 'string' ? { ip6 } : { 'ip6.addr': ip6 }),
  };
}

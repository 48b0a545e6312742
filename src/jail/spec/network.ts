import type { FamilyPlan, NetworkPlan } from '../plan/network.js';
import { isOfOneHost, parseIPv4, parseIPv6 } from '../../kernel/freebsd/ip.js';
import { readAddresses } from './addresses.js';
import { shown, type Field } from './field.js';
import type { NetworkSettings, Setting, Sharing } from './settings.js';

/** Everything in a spec that says something of the network. */
export interface NetworkSources {
  readonly settings: NetworkSettings;
  /** our own annotation `network` */
  readonly annotation: Field;
  /** `linux.namespaces` */
  readonly namespaces: Field;
  /** the jail is to be the child of another one, whose network it shares unless something else is asked for */
  readonly isChild: boolean;
}

const shared: NetworkPlan = { mode: 'inherit', ip4: 'inherit', ip6: 'inherit', interface: undefined };

/**
 * Which network a container gets: by the `freebsd` object or ocijail's annotations, else by our own annotation, else
 * its parent's, else the host's if `linux.namespaces` lacks one of the network, else the configuration's.
 */
export function planNetwork({ settings, annotation, namespaces, isChild }: NetworkSources): NetworkPlan {
  const asked = fromSettings(settings);
  if (asked !== undefined) {
    if (isChild && settings.interface !== undefined) {
      settings.interface.field.unsupported(
        "a child jail's addresses have to be on its parent's interfaces already",
      );
    }
    if (annotation.present) annotation.invalid('the network is already decided by the spec');
    return asked;
  }
  if (annotation.present) return fromAnnotation(annotation);
  return isChild ? shared : (fromNamespaces(namespaces) ?? { mode: 'default' });
}

function fromSettings(settings: NetworkSettings): NetworkPlan | undefined {
  const { vnet, vnetInterfaces, ip4, ip6, ip4Addr, ip6Addr } = settings;
  const restrictions = [ip4, ip6, ip4Addr, ip6Addr, settings.interface].find((one) => one !== undefined);
  if (vnet?.value === 'new' || (vnet === undefined && vnetInterfaces !== undefined)) {
    restrictions?.field.invalid('a jail with a network stack of its own takes no restriction of addresses');
    return { mode: 'vnet', interfaces: interfaceNames(vnetInterfaces) };
  }
  vnetInterfaces?.field.invalid('only a jail with a network stack of its own can be given interfaces');
  if (restrictions === undefined) return vnet && shared;
  const plan = {
    mode: 'inherit' as const,
    ip4: family(4, ip4, ip4Addr),
    ip6: family(6, ip6, ip6Addr),
    interface: settings.interface?.value,
  };
  if (settings.interface !== undefined)
    checkAliases(settings.interface, [plan.ip4, plan.ip6].flatMap(listed));
  return plan;
}

/** The name of an interface, and what it can be given. */
function checkAliases({ value, field }: Setting<string>, addresses: readonly string[]): void {
  if (addresses.length === 0) field.invalid('there are no addresses to give to the interface');
  interfaceNames({ value: [value], field });
  // A link-local address of IPv6 is nothing without the number of its interface, which a jail's has not.
  const wrong = addresses.find((one) => !isOfOneHost(bytesOf(one)) || /^fe[89ab]/.test(one));
  if (wrong !== undefined) field.invalid(`${wrong} is no address that an interface can be given`);
}

function bytesOf(address: string): Uint8Array {
  return address.includes(':') ? parseIPv6('address', address) : parseIPv4('address', address);
}

function listed(family: FamilyPlan): readonly string[] {
  return typeof family === 'string' ? [] : family;
}

/** As in the kernel, a family of which nothing is said is off as soon as something is said of the other one. */
function family(
  version: 4 | 6,
  mode: Sharing | undefined,
  list: Setting<readonly string[]> | undefined,
): FamilyPlan {
  if (list === undefined || list.value.length === 0) {
    return mode?.value === 'inherit' ? 'inherit' : 'disable';
  }
  if (mode !== undefined && mode.value !== 'new') {
    list.field.invalid(`contradicts ${mode.field.name}, which is ${mode.value}`);
  }
  return readAddresses(version, list);
}

function interfaceNames(setting: Setting<readonly string[]> | undefined): readonly string[] {
  if (setting === undefined) return [];
  const { value: names, field } = setting;
  // IFNAMSIZ of net/if.h counts the NUL.
  const wrong = names.find((name) => name.length > 15 || !/^[A-Za-z][A-Za-z0-9._-]*$/.test(name));
  if (wrong !== undefined) field.invalid(`${shown(wrong)} is no name of an interface`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) field.invalid(`${twice} is listed twice`);
  return names;
}

function fromAnnotation(annotation: Field): NetworkPlan {
  const name = annotation.text();
  if (name === 'host' || name.startsWith('jail:')) return shared;
  if (name === 'none') return { mode: 'none' };
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name)) {
    annotation.invalid(`${shown(name)} is none of host, none, jail:NAME or a network's name`);
  }
  return { mode: 'network', name };
}

function fromNamespaces(namespaces: Field): NetworkPlan | undefined {
  if (!namespaces.present) return undefined;
  const network = namespaces.elements().find((one) => one.member('type').anyText() === 'network');
  if (network === undefined) return shared;
  const path = network.member('path');
  if (path.empty) return undefined;
  return path.unsupported('FreeBSD has no network namespaces that could be joined by a path');
}

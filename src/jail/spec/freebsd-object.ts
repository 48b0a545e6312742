import type { Field } from './field.js';
import { setting, checkAllowName, type JailSettings, type Setting } from './settings.js';

/** The switches of `freebsd.jail.allow`, and the parameters of jail(8) that they are. */
const switches = {
  setHostname: 'set_hostname',
  rawSockets: 'raw_sockets',
  chflags: 'chflags',
  quotas: 'quotas',
  socketAf: 'socket_af',
  mlock: 'mlock',
  reservedPorts: 'reserved_ports',
  suser: 'suser',
} as const;

/**
 * The object `freebsd.jail` of a spec (OCI runtime-spec 1.3, config-freebsd.md). Its values alone are checked here, not
 * what they mean together. Members that the specification does not have are ignored, as it asks for.
 */
export function readFreebsdJail(jail: Field): JailSettings {
  const modes = (field: Field) => field.oneOf('disable', 'new', 'inherit');
  const ownOrShared = (field: Field) => field.oneOf('new', 'inherit');
  const texts = (field: Field) => field.elements().map((element) => element.text());
  const named = (field: Field): Field | undefined => (field.empty ? undefined : field);
  return {
    parent: named(jail.member('parent')) && setting(jail.member('parent'), (field) => field.text()),
    host: setting(jail.member('host'), ownOrShared),
    network: {
      vnet: setting(jail.member('vnet'), ownOrShared),
      vnetInterfaces: setting(jail.member('vnetInterfaces'), texts),
      ip4: setting(jail.member('ip4'), modes),
      ip6: setting(jail.member('ip6'), modes),
      ip4Addr: setting(jail.member('ip4Addr'), texts),
      ip6Addr: setting(jail.member('ip6Addr'), texts),
      interface: setting(jail.member('interface'), (field) => field.text()),
    },
    sysvmsg: setting(jail.member('sysvmsg'), modes),
    sysvsem: setting(jail.member('sysvsem'), modes),
    sysvshm: setting(jail.member('sysvshm'), modes),
    enforceStatfs: setting(jail.member('enforceStatfs'), (field) => field.integer(0, 2)),
    allow: readAllow(jail.member('allow')),
  };
}

function readAllow(allow: Field): Map<string, Setting<boolean>> {
  const found = new Map<string, Setting<boolean>>();
  for (const [member, name] of Object.entries(switches)) {
    const one = setting(allow.member(member), (field) => field.boolean());
    if (one !== undefined) found.set(name, one);
  }
  const types = allow.member('mount').elements();
  for (const field of types) {
    found.set(`mount.${checkAllowName(field, field.text())}`, { value: true, field });
  }
  if (types.length > 0) found.set('mount', { value: true, field: allow.member('mount') });
  return found;
}

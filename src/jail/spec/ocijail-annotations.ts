import { annotation, annotationsBelow, listText, ocijailPrefix, switchText } from './annotations.js';
import { setting, checkAllowName, type JailSettings, type Setting } from './settings.js';

const allowPrefix = `${ocijailPrefix}jail.allow.`;

/**
 * The annotations that ocijail reads: `org.freebsd.parentJail`, `org.freebsd.jail.vnet`, `.ip4.addr`, `.ip6.addr`,
 * `.sysvmsg`, `.sysvsem`, `.sysvshm` and `.allow.*`. Unlike there, a permission that the kernel does not know is an
 * error when the jail is made.
 */
export function readOcijailAnnotations(annotations: Readonly<Record<string, string>>): JailSettings {
  const jail = (name: string) => annotation(annotations, `${ocijailPrefix}jail.${name}`);
  const modes = (name: string) => setting(jail(name), (field) => field.oneOf('disable', 'new', 'inherit'));
  return {
    parent: setting(annotation(annotations, `${ocijailPrefix}parentJail`), (field) => field.text()),
    network: {
      vnet: setting(jail('vnet'), (field) => field.oneOf('new', 'inherit')),
      ip4Addr: setting(jail('ip4.addr'), listText),
      // ocijail itself has both spellings.
      ip6Addr: setting(jail('ip6.addr'), listText) ?? setting(jail('ip6.add'), listText),
    },
    sysvmsg: modes('sysvmsg'),
    sysvsem: modes('sysvsem'),
    sysvshm: modes('sysvshm'),
    allow: readAllow(annotations),
  };
}

function readAllow(annotations: Readonly<Record<string, string>>): Map<string, Setting<boolean>> {
  const found = new Map<string, Setting<boolean>>();
  for (const [name, field] of annotationsBelow(annotations, allowPrefix)) {
    const one = setting(field, switchText);
    if (one === undefined) continue;
    found.set(checkAllowName(field, name), one);
  }
  return found;
}

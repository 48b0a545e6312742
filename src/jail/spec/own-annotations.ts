import { annotation, integerText, listText, ownPrefix } from './annotations.js';
import type { Field } from './field.js';
import { setting, type JailSettings } from './settings.js';

/** An annotation of this shim's own. */
export function ownAnnotation(annotations: Readonly<Record<string, string>>, name: string): Field {
  return annotation(annotations, ownPrefix + name);
}

/** The settings of jails that neither the `freebsd` object nor ocijail's annotations have, by our own annotations. */
export function readOwnAnnotations(annotations: Readonly<Record<string, string>>): JailSettings {
  const own = (name: string) => ownAnnotation(annotations, name);
  return {
    network: {
      vnetInterfaces: setting(own('interfaces'), listText),
    },
    enforceStatfs: setting(own('enforce_statfs'), (field) => integerText(field, 0, 2)),
    childrenMax: setting(own('children.max'), (field) => integerText(field, 0, 10_000)),
    osrelease: setting(own('osrelease'), osrelease),
    osreldate: setting(own('osreldate'), (field) => integerText(field, 1, 0x7fff_ffff)),
    allow: new Map(),
  };
}

function osrelease(field: Field): string {
  const text = field.text();
  // The kernel's own limit, though it speaks of 31.
  if (text.length > 30 || !/^[\x21-\x7e]+$/.test(text)) field.invalid('not 1 to 30 visible characters');
  return text;
}

import type { JailParameters } from '../../kernel/freebsd/jail-parameters.js';
import type { ParametersPlan } from '../plan/parameters.js';
import type { Field } from './field.js';
import type { Setting } from './settings.js';

/** Capabilities of Linux that are permissions of a jail. */
const permissions = {
  CAP_NET_RAW: 'raw_sockets',
  CAP_LINUX_IMMUTABLE: 'chflags',
  CAP_IPC_LOCK: 'mlock',
  CAP_SYSLOG: 'read_msgbuf',
} as const;

/**
 * What the root of a jail may do beyond the kernel's defaults: what the spec says in so many words, else what those of
 * the bounding capabilities that have a counterpart say (runtime-spec config.md, "capabilities"). containerd and
 * nerdctl give CAP_NET_RAW by default, and take it away with `--cap-drop`.
 */
export function planAllow(
  allow: ReadonlyMap<string, Setting<boolean>>,
  bounding: Field,
  host: JailParameters['host'],
): ParametersPlan {
  const capabilities = new Set(bounding.elements().map((one) => one.anyText()));
  const defaults = new Map<string, boolean>();
  for (const [capability, name] of Object.entries(permissions)) {
    if (capabilities.has(capability)) defaults.set(name, true);
  }
  const asked = new Map([...allow].map(([name, { value }]) => [name, value]));
  // A jail that shares the names of its parent could rename it.
  if (host === 'inherit') {
    const rename = allow.get('set_hostname');
    if (rename?.value === true) rename.field.invalid('a jail that shares its hostname may not change it');
    asked.set('set_hostname', false);
  }
  // It stands for the three of System V IPC, which have parameters of their own.
  asked.delete('sysvipc');
  for (const name of asked.keys()) defaults.delete(name);
  return { asked: toParameters(asked), defaults: toParameters(defaults) };
}

function toParameters(allow: ReadonlyMap<string, boolean>): JailParameters {
  return Object.fromEntries([...allow].map(([name, value]) => [`allow.${name}`, value]));
}

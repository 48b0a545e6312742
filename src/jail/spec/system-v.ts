import type { JailMode, JailParameters } from '../../kernel/freebsd/jail-parameters.js';
import type { ParametersPlan } from '../plan/parameters.js';
import { pick } from '../pick.js';
import type { JailSettings } from './settings.js';

const names = ['sysvmsg', 'sysvsem', 'sysvshm'] as const;

/**
 * System V IPC: the jail's own, unless it is asked for otherwise; members of a pod share their sandbox's. The old
 * `allow.sysvipc` means the host's for all three.
 */
export function planSystemV(settings: JailSettings, inPod: boolean): ParametersPlan {
  const asked: Partial<Record<(typeof names)[number], JailMode>> = {};
  const defaults: JailParameters = { sysvmsg: 'new', sysvsem: 'new', sysvshm: 'new' };
  const all = settings.allow.get('sysvipc');
  for (const name of names) {
    const one = settings[name];
    if (all?.value === true && one !== undefined && one.value !== 'inherit') {
      all.field.invalid(`contradicts ${one.field.name}, which is ${one.value}`);
    }
    const value = one?.value ?? (all?.value === true || inPod ? 'inherit' : undefined);
    if (value !== undefined) asked[name] = value;
  }
  return { asked, defaults: pick(defaults, (name) => !Object.hasOwn(asked, name)) };
}

import type { JailParameters } from '../../kernel/freebsd/jail-parameters.js';
import type { LinuxPlan } from '../plan/linux.js';
import type { ParametersPlan } from '../plan/parameters.js';
import { planAllow } from './allow.js';
import type { Field } from './field.js';
import { planHost } from './host.js';
import type { JailSettings, Setting } from './settings.js';
import { defined } from '../pick.js';
import { planSystemV } from './system-v.js';

export interface ParameterSources {
  readonly settings: JailSettings;
  /** the spec's document */
  readonly document: Field;
  readonly id: string;
  /** the jail is to be the child of another one */
  readonly isChild: boolean;
  readonly inPod: boolean;
  readonly sandbox: boolean;
  readonly linux: LinuxPlan | undefined;
}

/** How many jails a pod's sandbox may have below it. */
const podMembers = 1000;

/**
 * The parameters of a jail that its spec decides upon. Where it says nothing: `enforce_statfs` 1, so that the jail
 * sees its own mounts only; System V IPC of its own, or its pod's; no children, but for sandboxes. securelevel is
 * never touched.
 */
export function planParameters(sources: ParameterSources): ParametersPlan {
  const { settings, document, id, isChild, linux } = sources;
  const host = planHost({
    host: settings.host,
    hostname: document.member('hostname'),
    domainname: document.member('domainname'),
    isChild,
    id,
  });
  const bounding = document.member('process').member('capabilities').member('bounding');
  const allow = planAllow(settings.allow, bounding, host.host);
  const ipc = planSystemV(settings, sources.inPod);
  const childrenMax = settings.childrenMax?.value ?? (sources.sandbox ? podMembers : undefined);
  const statfs = statfsOf(settings);
  const asked = defined<JailParameters>({
    persist: true,
    enforce_statfs: statfs?.value,
    'children.max': childrenMax,
    osrelease: settings.osrelease?.value,
    osreldate: settings.osreldate?.value,
    linux: linux && 'new',
    'linux.osrelease': linux?.osrelease,
  });
  const defaults: JailParameters = statfs === undefined ? { enforce_statfs: 1 } : {};
  return {
    asked: { ...asked, ...host, ...ipc.asked, ...allow.asked },
    defaults: { ...defaults, ...ipc.defaults, ...allow.defaults },
  };
}

function statfsOf({ enforceStatfs, allow }: JailSettings): Setting<number> | undefined {
  const mounts = [...allow].find(([name, { value: on }]) => on && /^mount(\.|$)/.test(name));
  if (enforceStatfs?.value === 2 && mounts !== undefined) {
    mounts[1].field.invalid(`a jail that may mount cannot have ${enforceStatfs.field.name} 2`);
  }
  return enforceStatfs;
}

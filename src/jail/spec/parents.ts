import type { ContainerKey } from '../../runtime/key.js';
import { checkIdentifier } from '../../runtime/key.js';
import { jailName } from '../name.js';
import { annotation } from './annotations.js';
import { shown, type Field } from './field.js';
import type { Setting } from './settings.js';

/** Where a container's jail belongs. */
export interface Parents {
  /** full names of jails, the first of which that exists is the parent; none: the host */
  readonly parents: readonly string[];
  /** the container is a member of a pod, whose sandbox's jail is the parent */
  readonly inPod: boolean;
  /** the container is a pod's sandbox */
  readonly sandbox: boolean;
}

/** What can name a parent, besides the annotations of CRI. */
export interface ParentSources {
  /** `freebsd.jail.parent`, or ocijail's `org.freebsd.parentJail` */
  readonly parent: Setting<string> | undefined;
  /** our own annotation `network`, where "jail:NAME" means a parent as well */
  readonly network: Field;
}

/**
 * The parent of a container's jail. A name that someone gives is that of a container of the same namespace or else of
 * any jail of the host. CRI's annotations (containerd's pkg/cri/annotations) name the sandbox by its id.
 */
export function planParents(
  key: ContainerKey,
  annotations: Readonly<Record<string, string>>,
  { parent, network }: ParentSources,
): Parents {
  const kind = annotation(annotations, 'io.kubernetes.cri.container-type');
  const type = kind.optional((field) => field.oneOf('sandbox', 'container'));
  const own = { inPod: false, sandbox: type === 'sandbox' };
  const other = sharedJail(network);
  if (parent !== undefined && other !== undefined) network.invalid(`contradicts ${parent.field.name}`);
  const named = parent ?? other;
  if (named !== undefined) return { parents: candidates(key, named), ...own };
  if (type !== 'container') return { parents: [], ...own };
  const id = annotation(annotations, 'io.kubernetes.cri.sandbox-id');
  const pod = jailName({ namespace: key.namespace, id: identifier(id) });
  return { parents: notItself(key, [pod], id), inPod: true, sandbox: false };
}

function sharedJail(network: Field): Setting<string> | undefined {
  const text = network.optional((field) => field.text());
  if (text?.startsWith('jail:') !== true) return undefined;
  return { value: text.slice('jail:'.length), field: network };
}

function candidates(key: ContainerKey, { value, field }: Setting<string>): string[] {
  // A jail's name, with its parents'; the kernel alone knows whether there is one.
  if (Buffer.byteLength(value) > 255 || !/^[^\s.]+(\.[^\s.]+)*$/.test(value)) {
    field.invalid(`${shown(value)} is no name of a jail`);
  }
  const names = [value];
  if (isIdentifier(value)) names.unshift(jailName({ namespace: key.namespace, id: value }));
  return notItself(key, names, field);
}

function notItself(key: ContainerKey, names: string[], field: Field): string[] {
  return names.includes(jailName(key)) ? field.invalid('a jail cannot be its own parent') : names;
}

function identifier(field: Field): string {
  const id = field.text();
  return isIdentifier(id) ? id : field.invalid(`${shown(id)} is no id of a container`);
}

function isIdentifier(text: string): boolean {
  try {
    checkIdentifier('id', text);
    return true;
  } catch {
    return false;
  }
}

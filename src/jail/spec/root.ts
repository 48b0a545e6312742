import type { JailPlan } from '../plan/jail.js';
import type { Field } from './field.js';
import { hostPath } from './paths.js';

/** `root` of a spec: a directory of the host, which is not the host's own root. */
export function planRoot(root: Field, bundle: string): JailPlan['root'] {
  const path = hostPath(root.member('path'), bundle);
  if (path === '/') root.member('path').invalid('the root of the host cannot be that of a container');
  return { path, readonly: root.member('readonly').optional((field) => field.boolean()) ?? false };
}

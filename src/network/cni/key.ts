import type { Attachment } from '../../store/attachments.js';

/** With the colon, which no identifier of containerd has, it is never the namespace of a container. */
const prefix = 'cni:';

/** In leases and anchors an attachment stands as a container of its own: one jail may have several. */
export function keyOf({ network, id, interface: name }: Attachment): { namespace: string; id: string } {
  return { namespace: `${prefix}${network}`, id: `${id}.${name}` };
}

/** Whether what holds something is an attachment; also by the beginning of a label of rules. */
export function isAttachment(namespace: string): boolean {
  return namespace.startsWith(prefix);
}

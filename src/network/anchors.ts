import { createHash } from 'node:crypto';

/**
 * The anchor below which all of ours are. A rule of the main ruleset that calls "containerd-shim-jail/*" calls those
 * directly below it and none below those, so networks and containers stand side by side.
 */
export const parentAnchor = 'containerd-shim-jail';

/** How much of an id an administrator sees in the name of an anchor; the whole would not fit into 63 bytes. */
const shownLength = 32;

/** The anchor with the rules that all containers of a network share. */
export function networkAnchor(network: string): string {
  return `${parentAnchor}/network-${network}`;
}

/** The anchor of one container: no other has it, and whoever reads the rules sees which it is. */
export function containerAnchor({
  namespace,
  id,
}: {
  readonly namespace: string;
  readonly id: string;
}): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([namespace, id]))
    .digest('hex')
    .slice(0, 12);
  const readable = id.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, shownLength);
  return `${ofContainers}${hash}-${readable}`;
}

const ofContainers = `${parentAnchor}/container-`;

/** Whether an anchor is one that `containerAnchor` names. */
export function isContainerAnchor(anchor: string): boolean {
  return anchor.startsWith(ofContainers);
}

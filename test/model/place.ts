import type { Node } from './file-tree.js';
import type { Mount } from './mount.js';

/** A file as it is reached: the same one may be seen through several mounts. */
export interface Place {
  readonly mount: Mount;
  readonly node: Node;
}

export function samePlace(one: Place, other: Place): boolean {
  return one.mount === other.mount && one.node === other.node;
}

/** The place that is seen here: the root of the last mount on it, and so on upwards. */
export function uncovered(mounts: readonly Mount[], place: Place): Place {
  let seen = place;
  for (;;) {
    const here = seen;
    const mount = mounts.find(({ covered }) => covered !== undefined && samePlace(covered, here));
    if (mount === undefined) return seen;
    seen = { mount, node: mount.root };
  }
}

/** The directory above, across mounts; undefined above the root of everything. */
export function above(place: Place): Place | undefined {
  let { mount, node } = place;
  while (node === mount.root) {
    if (mount.covered === undefined) return undefined;
    ({ mount, node } = mount.covered);
  }
  return node.parent === undefined ? undefined : { mount, node: node.parent };
}

/** The path of a directory from another root, if it lies in that, or else from the root of everything. */
export function pathOf(place: Place, root?: Place): string {
  const names: string[] = [];
  let here: Place | undefined = place;
  while (here !== undefined && (root === undefined || !samePlace(here, root))) {
    let { mount, node }: Place = here;
    while (node === mount.root && mount.covered !== undefined) ({ mount, node } = mount.covered);
    const up = above(here);
    if (up !== undefined) names.unshift(node.name);
    here = up;
  }
  return `/${names.join('/')}`;
}

/** Whether nothing can be written there, by this mount or by those that it shows. */
export function isReadOnly({ readOnly, lower }: Mount): boolean {
  return readOnly || (lower !== undefined && isReadOnly(lower.mount));
}

import type { Store } from '../../store/database.js';
import { descriptorToJson, parseDescriptor, type Descriptor } from '../descriptor.js';
import { ImageError } from '../error.js';
import { parseJson } from '../fields.js';
import { requireComplete } from './complete.js';
import { databaseError } from './database.js';
import { writeIndex } from './index-file.js';
import type { Layout } from './layout.js';

/** A name for a manifest or an index. */
export interface Image {
  /** whole, as `formatReference` writes it */
  readonly name: string;
  readonly target: Descriptor;
  readonly created: Date;
}

/** Names of images. Each call is one transaction, with which index.json is written anew. */
export interface Images {
  get(name: string): Image | undefined;
  /** By name. */
  list(): Image[];
  /**
   * Gives a name to what is in the store.
   *
   * @param replace whether the name may be another's so far
   * @returns what had the name so far
   * @throws ImageError already-exists; not-found when blobs of the image are not in the store
   */
  set(name: string, target: Descriptor, options?: { readonly replace?: boolean }): Image | undefined;
  /**
   * Takes a name away. The blobs stay until the garbage is collected.
   *
   * @returns undefined if there is none
   */
  remove(name: string): Image | undefined;
}

interface Row {
  name: string;
  descriptor: string;
  created: number;
}

const toImage = ({ name, descriptor, created }: Row): Image => ({
  name,
  target: parseDescriptor(parseJson(descriptor, `image ${name}`), `image ${name}`),
  created: new Date(created),
});

export function imageNames(store: Store, layout: Layout): Images {
  const columns = 'name, descriptor, created';
  const one = store.prepare<[string], Row>(`SELECT ${columns} FROM image WHERE name = ?`);
  const all = store.prepare<[], Row>(`SELECT ${columns} FROM image ORDER BY name`);
  const put = store.prepare(
    'INSERT OR REPLACE INTO image (name, digest, descriptor, created) VALUES (?, ?, ?, ?)',
  );
  const drop = store.prepare('DELETE FROM image WHERE name = ?');

  const get = (name: string): Image | undefined => {
    const row = one.get(name);
    return row && toImage(row);
  };
  const list = (): Image[] => all.all().map(toImage);

  const set = store.transaction((name: string, target: Descriptor, replace: boolean): Image | undefined => {
    const before = get(name);
    if (before !== undefined && !replace) {
      throw new ImageError('already-exists', `there is an image ${name} already, ${before.target.digest}`);
    }
    // Within the transaction: the garbage collection removes nothing meanwhile.
    requireComplete(layout, name, target);
    put.run(name, target.digest, JSON.stringify(descriptorToJson(target)), Date.now());
    writeIndex(layout, list());
    return before;
  });
  const remove = store.transaction((name: string): Image | undefined => {
    const before = get(name);
    if (before === undefined) return undefined;
    drop.run(name);
    writeIndex(layout, list());
    return before;
  });
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw databaseError(error, layout.database);
    }
  };
  /** What was said to be done is so after the machine lost power: a name must not come back with its blobs gone. */
  const durably = <T>(work: () => T): T =>
    guarded(() => {
      store.pragma('synchronous = FULL');
      try {
        return work();
      } finally {
        store.pragma('synchronous = NORMAL');
      }
    });
  return {
    get: (name) => guarded(() => get(name)),
    list: () => guarded(list),
    set: (name, target, { replace = true } = {}) => {
      checkName(name);
      return durably(() => set.immediate(name, target, replace));
    },
    remove: (name) => durably(() => remove.immediate(name)),
  };
}

/** Names stand in documents, in lists and in messages. */
function checkName(name: string): void {
  if (name !== '' && name.length <= 512 && !/[\p{Cc}\p{Cf}\p{Cs}\p{Z}]/u.test(name)) return;
  throw new ImageError('invalid', `${JSON.stringify(name.slice(0, 80))} is no name for an image`);
}

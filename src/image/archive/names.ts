import { refName } from '../content/index-file.js';
import type { Digest } from '../digest.js';
import { formatReference, parseReference, shortReference, type Reference } from '../reference.js';

/** The annotation by which containerd and Docker know an image: its whole name. */
export const imageName = 'io.containerd.image.name';

/** What images are called that an archive has no name for. */
const nameless = 'loaded';

/** @throws ImageError invalid */
export const namelessName = (digest: Digest): string => wholeName(`${nameless}@${digest}`);

/**
 * The name of an image in an archive, by its annotations. `org.opencontainers.image.ref.name` is a whole name from some
 * tools and only a tag from others.
 *
 * @throws ImageError invalid
 */
export function nameIn(annotations: ReadonlyMap<string, string> | undefined): string | undefined {
  const whole = annotations?.get(imageName);
  if (whole !== undefined && whole !== '') return wholeName(whole);
  const reference = annotations?.get(refName) ?? '';
  if (reference === '') return undefined;
  return wholeName(/[/:@]/.test(reference) ? reference : `${nameless}:${reference}`);
}

/** @throws ImageError invalid */
export const wholeName = (name: string): string => formatReference(parseReference(name));

/** The name under which Docker lists an image; none for one that has no tag. */
export function repoTag(name: string): { repository: string; tag: string; whole: string } | undefined {
  const reference: Reference = parseReference(name);
  const { registry, repository, tag } = reference;
  if (tag === undefined) return undefined;
  return {
    tag,
    whole: shortReference({ registry, repository, tag }),
    repository: shortReference({ registry, repository }),
  };
}

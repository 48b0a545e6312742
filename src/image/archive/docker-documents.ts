import type { Manifest } from '../manifest.js';
import { hexOf } from '../digest.js';
import { blobName } from './export.js';
import { repoTag } from './names.js';
import type { Member } from './tar-writer.js';

export interface DockerImage {
  readonly name: string;
  readonly manifest: Manifest;
}

/**
 * The documents that `docker load` reads: manifest.json, and `repositories` for those from before Docker 1.10 (Docker's
 * image spec 1.2, "Combined Image JSON + Filesystem Changeset Format"). The layers lie where the image layout has them,
 * compressed as they are: Docker, containerd and skopeo look at their first bytes.
 */
export function dockerDocuments(images: readonly DockerImage[]): readonly Member[] {
  const items = new Map<string, { Config: string; RepoTags: string[]; Layers: readonly string[] }>();
  const repositories: Record<string, Record<string, string>> = {};
  for (const { name, manifest } of images) {
    const { config, layers } = manifest;
    const tag = repoTag(name);
    const item = items.get(config.digest) ?? {
      Config: blobName(config.digest),
      RepoTags: [],
      Layers: layers.map(({ digest }) => blobName(digest)),
    };
    items.set(config.digest, item);
    if (tag === undefined) continue;
    item.RepoTags.push(tag.whole);
    const top = layers.at(-1);
    if (top !== undefined) (repositories[tag.repository] ??= {})[tag.tag] = hexOf(top.digest);
  }
  return [
    { name: 'manifest.json', bytes: JSON.stringify([...items.values()]) },
    { name: 'repositories', bytes: JSON.stringify(repositories) },
  ];
}

import { ImageError } from '../error.js';
import { layeredTree } from '../tree/layered.js';
import type { Tree } from '../tree/tree.js';
import { archiveKind } from './archive.js';
import { parseChmod } from './chmod.js';
import { expandText } from './containerfile/expand.js';
import type { Copy } from './containerfile/instructions.js';
import type { BuildHost } from './host.js';
import { ignorePatterns } from './ignore.js';
import type { LayerArchive, LayerContent, LayerItem } from './items.js';
import { ownerOf, type Owner } from './owner.js';
import { planCopy, type CopyPlan } from './plan-copy.js';
import { findSources, type Origin } from './sources.js';
import { hashFor, digestOf, algorithmOf, parseDigest } from '../digest.js';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** What COPY and ADD need to know. */
export interface CopyStep {
  readonly instruction: Copy;
  readonly expand: (word: string) => string;
  readonly variables: (name: string) => string | undefined;
  readonly escape: string;
  /** the context, or what `--from` names */
  readonly origin: Origin;
  readonly image: Tree;
  readonly workingDirectory: string;
  /** seconds since 1970 */
  readonly now: number;
  readonly host: BuildHost;
}

/** What a COPY or ADD brings, and what to do when the layer has been made of it. */
export interface Brought extends LayerContent {
  release(): Promise<void>;
}

/** Finds what a COPY or an ADD brings. @throws ImageError */
export async function contentOf(step: CopyStep): Promise<Brought> {
  const { instruction, expand } = step;
  const words = instruction.sources.flatMap((source) =>
    source.kind === 'path' ? [expand(source.path)] : [],
  );
  const remote = instruction.add ? words.filter(isRemote) : [];
  const local = words.filter((word) => !remote.includes(word));
  const git = remote.find((word) => /^git|\.git(#|$)/.test(word));
  if (git !== undefined)
    throw new ImageError('unsupported', `${git}: ADD of a git repository; clone it in a RUN`);
  const plan = planOf(step, local);
  const archives =
    instruction.add && instruction.unpack !== false ? await localArchives(step, plan, local) : [];
  const items = planCopy({
    ...plan,
    sources: local.filter((word) => !archives.some((each) => each.word === word)),
  });
  const downloads = await download(step, plan, remote);
  return {
    items: [...items, ...downloads.items],
    archives: archives.map(({ archive }) => archive),
    release: downloads.release,
  };
}

const isRemote = (word: string): boolean => /^(?:https?|git|ssh):\/\/|^git@/.test(word);

function planOf(step: CopyStep, sources: readonly string[]): CopyPlan {
  const { instruction, expand, origin, image, workingDirectory, now } = step;
  const inline = instruction.sources.flatMap((source) => {
    if (source.kind !== 'inline') return [];
    const text = source.expand ? expandText(source.content, step.escape, step.variables) : source.content;
    return [{ name: source.name, bytes: Buffer.from(text) }];
  });
  const fromContext = instruction.from === undefined;
  const owner: Owner | undefined =
    instruction.chown !== undefined
      ? ownerOf(expand(instruction.chown), image)
      : fromContext
        ? { uid: 0, gid: 0 }
        : undefined;
  return {
    origin,
    sources,
    inline,
    target: expand(instruction.target),
    workingDirectory,
    owner,
    chmod: instruction.chmod === undefined ? undefined : parseChmod(expand(instruction.chmod)),
    exclude: ignorePatterns(instruction.exclude.map(expand), '--exclude'),
    parents: instruction.parents,
    image,
    now,
  };
}

/** The sources of ADD that are archives: what is in them goes into the target. */
async function localArchives(
  { instruction }: CopyStep,
  plan: CopyPlan,
  words: readonly string[],
): Promise<readonly { readonly word: string; readonly archive: LayerArchive }[]> {
  const found: { word: string; archive: LayerArchive }[] = [];
  for (const word of words) {
    for (const { entry } of findSources(plan.origin, word)) {
      const compression = entry.type === 'file' ? await archiveKind(entry.hostPath) : undefined;
      if (compression === undefined) continue;
      if (compression === 'bzip2' || compression === 'xz') {
        throw new ImageError(
          'unsupported',
          `${JSON.stringify(word)} is compressed by ${compression}; use gzip or zstd, or COPY it`,
        );
      }
      const written = plan.target.startsWith('/') ? plan.target : `${plan.workingDirectory}/${plan.target}`;
      const owner = instruction.chown === undefined ? {} : { owner: plan.owner ?? { uid: 0, gid: 0 } };
      found.push({ word, archive: { hostPath: entry.hostPath, compression, directory: written, ...owner } });
    }
  }
  return found;
}

/** Downloads are files of mode 0600, as others make them; a checksum is compared before they are used. */
async function download(
  { instruction, host, expand }: CopyStep,
  plan: CopyPlan,
  urls: readonly string[],
): Promise<{ items: LayerItem[]; release: () => Promise<void> }> {
  const releases: (() => Promise<void>)[] = [];
  const release = async (): Promise<void> => {
    for (const each of releases.splice(0)) await each();
  };
  const items: LayerItem[] = [];
  try {
    for (const url of urls) {
      const { path, release: done } = await host.download(url);
      releases.push(done);
      if (instruction.checksum !== undefined) await checkFile(path, expand(instruction.checksum), url);
      const name = decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '');
      if (name === '' && plan.target.endsWith('/')) {
        throw new ImageError('invalid', `${url} has no file name: the target must be one, not a directory`);
      }
      const slash = path.lastIndexOf('/');
      const origin: Origin = {
        name: url,
        tree: layeredTree([path.slice(0, slash)]),
        ignore: ignorePatterns([], ''),
      };
      const file = path.slice(slash + 1);
      const target = plan.target.endsWith('/') ? `${plan.target}${name}` : plan.target;
      const made = planCopy({ ...plan, origin, sources: [file], inline: [], target, parents: false });
      items.push(
        ...made.map((item) =>
          item.type === 'file' && plan.chmod === undefined ? { ...item, mode: 0o600 } : item,
        ),
      );
    }
    return { items, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** @throws ImageError corrupt */
async function checkFile(path: string, checksum: string, url: string): Promise<void> {
  const wanted = parseDigest(checksum, '--checksum');
  const hash = hashFor(wanted);
  await pipeline(createReadStream(path), hash);
  const found = digestOf(algorithmOf(wanted), hash);
  if (found !== wanted) throw new ImageError('corrupt', `${url} is ${found}, not ${wanted}`);
}

import type { Readable } from 'node:stream';
import type { Placed, Body, Copy, Run, RunMount } from './containerfile/instructions.js';
import { ImageError } from '../error.js';
import { normalised, resolveIn } from '../tree/resolve.js';
import type { BuildOptions } from './build.js';
import { archivedLayer } from './archived-layer.js';
import { stepKey, type CachedStep } from './cache.js';
import { chainIds } from '../roots/chain.js';
import { configure } from './configure.js';
import { contentHash } from './content-hash.js';
import type { BuildHost } from './host.js';
import { ignorePatterns } from './ignore.js';
import type { LayerContent, LayerItem } from './items.js';
import { layerTar } from './layer-tar.js';
import { storeLayer, type Layer } from './new-layer.js';
import { at, type Place } from './place.js';
import { emptyTree, planCopy } from './plan-copy.js';
import type { Origin } from './sources.js';
import type { StageState } from './state.js';
import { contentOf } from './step-copy.js';
import { mountsOf, stepOf } from './step-run.js';
import { expandAt, proxyArguments, stageVariables } from './variables.js';

/** What a stage is built with. */
export interface StageContext {
  readonly options: BuildOptions;
  readonly host: BuildHost;
  readonly state: StageState;
  /** its name, for reports */
  readonly stage: string;
  readonly globals: ReadonlyMap<string, string>;
  readonly context: Origin;
  readonly layersOf: (name: string) => Promise<readonly Layer[]>;
  /** instructions in it */
  readonly total: number;
}

/** Does the instructions of one stage, one after the other. */
export class StageBuilder {
  private index = 0;

  constructor(private readonly with_: StageContext) {}

  /** @throws ImageError with the place of the instruction */
  async do(instruction: Placed<Body>): Promise<void> {
    const { options, host, stage, total } = this.with_;
    options.signal?.throwIfAborted();
    this.index += 1;
    host.report({ type: 'step', stage, index: this.index, total, text: instruction.text });
    const { file, escape } = options.containerfile;
    const place: Place = { file, escape, line: instruction.line };
    await at(place, instruction.text, () => this.one(instruction, place));
  }

  private async one(instruction: Placed<Body>, place: Place): Promise<void> {
    const { state } = this.with_;
    const variables = stageVariables(state);
    const expand = (word: string): string => expandAt(place, word, variables);
    switch (instruction.kind) {
      case 'arg':
        this.declare(instruction.args, expand);
        this.remember(instruction.text);
        return;
      case 'workdir':
        await this.workingDirectory(expand(instruction.path), instruction.text);
        return;
      case 'copy':
        await this.copy(instruction, expand, place);
        return;
      case 'run':
        await this.run(instruction);
        return;
      default:
        configure(state, instruction, expand);
        this.remember(instruction.text);
    }
  }

  private declare(
    args: readonly (readonly [string, string | undefined])[],
    expand: (word: string) => string,
  ): void {
    const { options, globals, state } = this.with_;
    for (const [name, value] of args) {
      const given = options.args.get(name) ?? (value === undefined ? globals.get(name) : expand(value));
      if (given !== undefined) state.args.set(name, given);
    }
  }

  /** WORKDIR makes the directory, as its first user would expect. */
  private async workingDirectory(path: string, text: string): Promise<void> {
    const { state, host } = this.with_;
    const { workingDirectory } = state.execution;
    const whole = `/${normalised(path.startsWith('/') ? path : `${workingDirectory}/${path}`)}`;
    state.execution = { ...state.execution, workingDirectory: whole };
    const tree = await host.tree(state.layers);
    const missing: LayerItem[] = [];
    const { path: real } = resolveIn(tree, whole);
    const parts = real.split('/').filter((part) => part !== '');
    for (const [index] of parts.entries()) {
      const each = parts.slice(0, index + 1).join('/');
      const there = tree.lookup(each);
      if (there !== undefined && there.type !== 'directory')
        throw new ImageError('invalid', `/${each} is no directory`);
      const item = {
        type: 'directory',
        path: each,
        mode: 0o755,
        uid: 0,
        gid: 0,
        modified: this.now(),
      } as const;
      if (there === undefined) missing.push(item);
    }
    if (missing.length === 0) this.remember(text);
    else await this.addContent({ items: missing, archives: [] }, text);
  }

  private async copy(
    instruction: Placed<Copy>,
    expand: (word: string) => string,
    place: Place,
  ): Promise<void> {
    const { state, host, context, layersOf } = this.with_;
    const { from } = instruction;
    const origin: Origin =
      from === undefined
        ? context
        : { name: from, tree: await host.tree(await layersOf(expand(from))), ignore: ignorePatterns([], '') };
    const content = await contentOf({
      instruction,
      expand,
      variables: stageVariables(state),
      escape: place.escape,
      origin,
      image: await host.tree(state.layers),
      workingDirectory: state.execution.workingDirectory,
      now: this.now(),
      host,
    });
    try {
      await this.addContent(content, instruction.text);
    } finally {
      await content.release();
    }
  }

  /** The layer depends on nothing but on what is in it: the same files are never stored twice. */
  private async addContent(content: LayerContent, text: string): Promise<void> {
    const { options, host, state } = this.with_;
    const latest = options.sourceDateEpoch ?? Number.MAX_SAFE_INTEGER;
    const key = stepKey('content', await contentHash(content), options.sourceDateEpoch ?? null);
    await this.cached(key, text, async () => {
      const tar: Readable =
        content.archives.length === 0
          ? layerTar(content.items, latest)
          : archivedLayer(content, await host.tree(state.layers), latest);
      return await storeLayer(tar, host.blobs, options.signal);
    });
  }

  private async run(instruction: Placed<Run>): Promise<void> {
    const { options, host, state, layersOf, context } = this.with_;
    const step = stepOf(state, instruction, proxyArguments(options.args));
    const sources = { context: context.tree, layersOf, secrets: options.secrets };
    const visible = step.env.filter((entry) => !/^\w*_proxy=/i.test(entry));
    const key = stepKey(
      'run',
      chainIds(state.layers.map(({ diffId }) => diffId)).at(-1) ?? null,
      state.platform,
      { ...step, env: visible },
      instruction.mounts,
      await Promise.all(instruction.mounts.map((mount) => this.mounted(mount))),
      options.sourceDateEpoch ?? null,
    );
    await this.cached(key, instruction.text, async () => {
      const mounts = await mountsOf(instruction, sources, host);
      const { exitCode, layer } = await host.run(state.layers, state.platform, { ...step, mounts });
      if (exitCode !== 0) throw new ImageError('failed', `it ended with exit code ${exitCode}`);
      return layer;
    });
  }

  /** What a step sees by a mount, as far as it is the same in every build: of the context that are the files themselves. */
  private async mounted({ type, from, source = '' }: RunMount): Promise<unknown> {
    const { context, layersOf } = this.with_;
    if (from !== undefined) return await layersOf(from);
    if (type !== 'bind') return null;
    const everything = ignorePatterns([], '');
    const items = planCopy({
      origin: { ...context, ignore: everything },
      sources: [source === '' ? '.' : source],
      inline: [],
      target: '/',
      workingDirectory: '/',
      owner: undefined,
      chmod: undefined,
      exclude: everything,
      parents: false,
      image: emptyTree,
      now: 0,
    });
    return await contentHash({ items, archives: [] });
  }

  private async cached(key: string, text: string, work: () => Promise<Layer | undefined>): Promise<void> {
    const { options, host, stage, total } = this.with_;
    const known = options.noCache ? undefined : await this.knownStep(key);
    if (known !== undefined) {
      host.report({ type: 'step', stage, index: this.index, total, text, cached: true });
      this.remember(text, known.layer, known.created);
      return;
    }
    const layer = await work();
    const created = this.created();
    if (layer !== undefined) host.keep(`build:${key}`, layer.descriptor);
    options.cache.put(key, { layer, created });
    this.remember(text, layer, created);
  }

  /** A step that was done before, if what it made is still there. */
  private async knownStep(key: string): Promise<CachedStep | undefined> {
    const { options, host } = this.with_;
    const known = options.cache.find(key);
    if (known?.layer === undefined || (await host.blobs.has(known.layer.descriptor))) return known;
    options.cache.drop(key);
    return undefined;
  }

  private remember(text: string, layer?: Layer, created = this.created()): void {
    const { state } = this.with_;
    if (layer !== undefined) state.layers.push(layer);
    // What made no layer is as old as what it came upon, so that doing it again changes nothing.
    const time = layer === undefined ? state.history.at(-1)?.created : created;
    state.history.push({
      ...(time !== undefined && { created: time }),
      createdBy: text,
      ...(layer === undefined && { emptyLayer: true }),
    });
  }

  private now(): number {
    return this.with_.options.sourceDateEpoch ?? Math.floor(Date.now() / 1000);
  }

  private created(): string {
    return new Date(this.now() * 1000).toISOString();
  }
}

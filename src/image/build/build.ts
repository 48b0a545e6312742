import { ImageError } from '../error.js';
import type { Descriptor, Platform } from '../descriptor.js';
import { parsePlatformName } from '../platform.js';
import { layeredTree } from '../tree/layered.js';
import type { BuildCache } from './cache.js';
import { parseTrigger, type Containerfile } from './containerfile/parse.js';
import type { BuildHost } from './host.js';
import type { Ignore } from './ignore.js';
import { storeImage } from './image.js';
import { at } from './place.js';
import { StageBuilder } from './stage.js';
import { neededStages, stageNumber, targetStage } from './stages.js';
import { beginStage, continueStage, type StageState } from './state.js';
import type { Layer } from './new-layer.js';
import { expandAt, platformArguments } from './variables.js';

/** What a user asks for. */
export interface BuildOptions {
  readonly containerfile: Containerfile;
  /** a directory */
  readonly context: string;
  readonly ignore: Ignore;
  /** `--build-arg` */
  readonly args: ReadonlyMap<string, string>;
  /** a stage's name or number */
  readonly target?: string | undefined;
  readonly labels: ReadonlyMap<string, string>;
  readonly platform: Platform;
  readonly hostPlatform: Platform;
  readonly secrets: ReadonlyMap<string, string>;
  /** seconds since 1970 (reproducible-builds.org): the time of all that is made */
  readonly sourceDateEpoch?: number | undefined;
  readonly cache: BuildCache;
  /** do all steps again, and remember their results */
  readonly noCache: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Builds an image. @returns its manifest, in the store and without a name. @throws ImageError */
export async function build(options: BuildOptions, host: BuildHost): Promise<Descriptor> {
  return await new Builder(options, host).build();
}

class Builder {
  private readonly done = new Map<number, StageState>();
  /** values of ARGs before the first FROM */
  private readonly globals: Map<string, string>;
  private readonly images = new Map<string, Promise<readonly Layer[]>>();

  constructor(
    private readonly options: BuildOptions,
    private readonly host: BuildHost,
  ) {
    this.globals = new Map(platformArguments(options.hostPlatform, options.platform));
    const { containerfile, args } = options;
    for (const [name, value] of containerfile.globals) {
      const given = args.get(name) ?? (value === undefined ? undefined : this.expandGlobal(value, 1));
      if (given !== undefined) this.globals.set(name, given);
    }
  }

  async build(): Promise<Descriptor> {
    const { containerfile, sourceDateEpoch, labels } = this.options;
    const target = targetStage(containerfile, this.options.target);
    const needed = neededStages(containerfile, target, (index) => this.baseName(index));
    for (const index of needed) this.done.set(index, await this.stage(index));
    this.warnOfUnusedArguments();
    const state = this.done.get(target);
    if (state === undefined) throw new ImageError('failed', `stage ${target} was not built`);
    state.execution = { ...state.execution, labels: new Map([...state.execution.labels, ...labels]) };
    return await storeImage(state, this.host.blobs, lastOf(state, sourceDateEpoch));
  }

  /** The image that a stage begins with, as FROM names it. */
  private baseName(index: number): string {
    const { from } = this.options.containerfile.stages[index] ?? {};
    if (from === undefined) throw new ImageError('not-found', `there is no stage ${index}`);
    const name = this.expandGlobal(from.image, from.line);
    if (name !== '') return name;
    throw new ImageError(
      'invalid',
      `${this.options.containerfile.file}:${from.line}: ${from.text}: the image's name is empty`,
    );
  }

  private expandGlobal(word: string, line: number): string {
    const { file, escape } = this.options.containerfile;
    return expandAt({ file, escape, line }, word, (name) => this.globals.get(name));
  }

  private async stage(index: number): Promise<StageState> {
    const { containerfile, context, ignore } = this.options;
    const { file, escape, stages } = containerfile;
    const stage = stages[index];
    if (stage === undefined) throw new ImageError('not-found', `there is no stage ${index}`);
    const { from } = stage;
    const name = this.baseName(index);
    const [state, triggers] = await at({ file, escape, line: from.line }, from.text, () =>
      this.begin(index, name),
    );
    const builder = new StageBuilder({
      options: this.options,
      host: this.host,
      state,
      stage: from.name ?? String(index),
      globals: this.globals,
      context: { name: 'the context', tree: layeredTree([context]), ignore },
      layersOf: (other) => this.layersOf(other, index),
      total: stage.body.length + triggers.length,
    });
    const inherited = triggers.flatMap((trigger) => parseTrigger(`ONBUILD of ${name}`, trigger));
    for (const instruction of [...inherited, ...stage.body]) await builder.do(instruction);
    return state;
  }

  /** @returns what the stage begins with, and the triggers of its base */
  private async begin(index: number, name: string): Promise<[StageState, readonly string[]]> {
    const { containerfile, platform, hostPlatform } = this.options;
    const { from } = containerfile.stages[index] ?? {};
    const wanted =
      from?.platform === undefined
        ? platform
        : parsePlatformName(this.expandGlobal(from.platform, from.line), hostPlatform);
    const earlier = stageNumber(containerfile.stages, name, index);
    if (earlier !== undefined) {
      const state = this.done.get(earlier);
      if (state === undefined) throw new ImageError('failed', `stage ${earlier} was not built`);
      return [continueStage(state), state.execution.onBuild];
    }
    if (name === 'scratch') return [beginStage(undefined, wanted), []];
    const base = await this.host.resolve(name, wanted);
    return [beginStage(base, wanted), base.config.execution.onBuild];
  }

  /** The layers of an earlier stage, or of an image. */
  private async layersOf(name: string, before: number): Promise<readonly Layer[]> {
    const index = stageNumber(this.options.containerfile.stages, name, before);
    if (index !== undefined) return this.done.get(index)?.layers ?? [];
    const known = this.images.get(name);
    if (known !== undefined) return await known;
    const layers = this.host.resolve(name, this.options.platform).then((image) => image.layers);
    this.images.set(name, layers);
    return await layers;
  }

  private warnOfUnusedArguments(): void {
    const { containerfile, args } = this.options;
    const declared = new Set(containerfile.globals.map(([name]) => name));
    for (const { body } of containerfile.stages) {
      for (const instruction of body) {
        if (instruction.kind === 'arg') for (const [name] of instruction.args) declared.add(name);
      }
    }
    const unused = [...args.keys()].filter((name) => !declared.has(name) && !/_proxy$/i.test(name));
    if (unused.length > 0) {
      const text = `no ARG takes --build-arg ${unused.join(', ')}`;
      this.host.report({ type: 'warning', text });
    }
  }
}

/** The time of the last step, so that a build whose steps were all done before gives the same image again. */
function lastOf({ history }: StageState, epoch: number | undefined): string {
  if (epoch !== undefined) return new Date(epoch * 1000).toISOString();
  const times = history.flatMap(({ created }) => created ?? []).sort();
  return times.at(-1) ?? new Date(0).toISOString();
}

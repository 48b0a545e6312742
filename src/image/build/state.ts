import type { Execution, History } from '../config.js';
import { emptyExecution } from '../config.js';
import type { Platform } from '../descriptor.js';
import type { BaseImage } from './host.js';
import type { Layer } from './new-layer.js';

/** A stage on its way: what its instructions so far have made of it. */
export interface StageState {
  readonly platform: Platform;
  execution: Execution;
  layers: Layer[];
  history: History[];
  author: string | undefined;
  /** ARGs that were declared in this stage, with their values */
  readonly args: Map<string, string>;
  /** whether this stage has given a CMD of its own: ENTRYPOINT drops an inherited one */
  ownCmd: boolean;
}

/** A stage that begins with an image, or with nothing. */
export function beginStage(base: BaseImage | undefined, platform: Platform): StageState {
  return {
    platform: base?.config.platform ?? platform,
    execution: { ...(base?.config.execution ?? emptyExecution), onBuild: [] },
    layers: [...(base?.layers ?? [])],
    history: [...(base?.config.history ?? [])],
    author: base?.config.author,
    args: new Map(),
    ownCmd: false,
  };
}

/** A stage that begins where another has ended. */
export function continueStage(earlier: StageState): StageState {
  return {
    ...earlier,
    execution: { ...earlier.execution, onBuild: [] },
    layers: [...earlier.layers],
    history: [...earlier.history],
    args: new Map(),
    ownCmd: false,
  };
}

/** Words of a shell form, before the line. */
export const shellOf = ({ shell }: Execution): readonly string[] =>
  shell.length > 0 ? shell : ['/bin/sh', '-c'];

/** Sets a variable in a list of `NAME=value`, where it stands or at the end. */
export function withVariable(env: readonly string[], name: string, value: string): readonly string[] {
  const index = env.findIndex((entry) => entry.startsWith(`${name}=`));
  const entry = `${name}=${value}`;
  return index === -1 ? [...env, entry] : env.map((old, at) => (at === index ? entry : old));
}

/** The value of a variable in a list of `NAME=value`. */
export function variableIn(env: readonly string[], name: string): string | undefined {
  const entry = env.find((each) => each.startsWith(`${name}=`));
  return entry?.slice(name.length + 1);
}

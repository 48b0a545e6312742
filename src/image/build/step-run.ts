import { ImageError } from '../error.js';
import type { Run, RunMount } from './containerfile/instructions.js';
import type { BuildHost, Step, StepMount } from './host.js';
import { resolveIn, normalised } from '../tree/resolve.js';
import type { Tree } from '../tree/tree.js';
import type { Layer } from './new-layer.js';
import { shellOf, variableIn, type StageState } from './state.js';

/** Where a `--mount` may take files from. */
export interface MountSources {
  readonly context: Tree;
  /** layers of a stage, or of an image */
  readonly layersOf: (name: string) => Promise<readonly Layer[]>;
  /** files of secrets, by their ids */
  readonly secrets: ReadonlyMap<string, string>;
}

/** PATH of an image that has none, as others set it. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What RUN is to start: with the image's variables, ARGs, user and working directory. */
export function stepOf(state: StageState, run: Run, proxies: readonly (readonly [string, string])[]): Step {
  const { execution, args } = state;
  const variables = new Map([...proxies, ...args]);
  const env = [...execution.env];
  for (const [name, value] of variables) {
    if (variableIn(env, name) === undefined) env.push(`${name}=${value}`);
  }
  if (variableIn(env, 'PATH') === undefined) env.push(`PATH=${defaultPath}`);
  return {
    ...commandOf(state, run),
    env,
    cwd: execution.workingDirectory === '' ? '/' : execution.workingDirectory,
    user: execution.user,
    network: run.network,
    mounts: [],
  };
}

/** A script with an interpreter of its own is given to that as its standard input. */
function commandOf(state: StageState, { command, script }: Run): Pick<Step, 'args' | 'stdin'> {
  if (script !== undefined) {
    const [, interpreter = '', argument] = /^#!\s*(\S+)(?:[ \t]+([^\n]*?))?\s*(?:\n|$)/.exec(script) ?? [];
    if (interpreter === '') throw new ImageError('invalid', 'the script names no interpreter after "#!"');
    const words = argument === undefined || argument === '' ? [] : [argument];
    return { args: [interpreter, ...words, '/dev/stdin'], stdin: script };
  }
  return { args: command.form === 'exec' ? command.words : [...shellOf(state.execution), command.line] };
}

/** The mounts of a RUN. @throws ImageError */
export async function mountsOf(run: Run, sources: MountSources, host: BuildHost): Promise<StepMount[]> {
  const mounts: StepMount[] = [];
  for (const mount of run.mounts) {
    const made = await mountOf(mount, sources, host);
    if (made !== undefined) mounts.push(...made);
  }
  return mounts;
}

async function mountOf(
  mount: RunMount,
  sources: MountSources,
  host: BuildHost,
): Promise<readonly StepMount[] | undefined> {
  const access = mount.readonly === true ? 'ro' : 'rw';
  const destination = `/${normalised(mount.target ?? `run/secrets/${mount.id ?? ''}`)}`;
  switch (mount.type) {
    case 'tmpfs': {
      const size = mount.size === undefined ? [] : [`size=${mount.size}`];
      return [{ destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', ...size] }];
    }
    case 'cache': {
      const directory = await host.cacheDirectory(mount.id ?? destination);
      return [{ destination, type: 'bind', source: directory, options: ['rbind', access] }];
    }
    case 'secret': {
      const id = mount.id ?? destination.slice(destination.lastIndexOf('/') + 1);
      const file = sources.secrets.get(id);
      if (file !== undefined) return [{ destination, type: 'bind', source: file, options: ['bind', 'ro'] }];
      if (mount.required !== true) return undefined;
      throw new ImageError(
        'not-found',
        `secret ${JSON.stringify(id)}: give it with --secret id=${id},src=FILE`,
      );
    }
    case 'bind':
      return await bindMount(mount, destination, sources, host);
  }
}

/** The context and stages are never written to: a mount of them is read-only. */
async function bindMount(
  { from, source = '', readonly }: RunMount,
  destination: string,
  sources: MountSources,
  host: BuildHost,
): Promise<readonly StepMount[]> {
  const layers = from === undefined ? undefined : await sources.layersOf(from);
  const tree = layers === undefined ? sources.context : await host.tree(layers);
  const where = `--mount: ${JSON.stringify(source)} in ${from ?? 'the context'}`;
  if (readonly !== true) throw new ImageError('unsupported', `${where} can only be read: leave rw out`);
  const { path, exists } = resolveIn(tree, source);
  const entry = exists ? tree.lookup(path) : undefined;
  if (entry === undefined) throw new ImageError('not-found', `${where}: there is none`);
  if (layers !== undefined && path === '') return [{ ...(await host.view(layers)), destination }];
  if (layers !== undefined && entry.type === 'directory') {
    throw new ImageError('unsupported', `${where} is a directory: mount all of ${from ?? ''}, or COPY it`);
  }
  return [{ destination, type: 'bind', source: entry.hostPath, options: ['rbind', 'ro'] }];
}

import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { parse } from 'smol-toml';
import { unlessMissing } from '../../image/content/failure.js';
import { reason } from '../../runtime/error.js';
import { check, type Check, type Shortfall } from './check.js';

const only = 'containerd, which jailer itself needs not';

/** containerd asks for `io.containerd.NAME.VERSION` and runs `containerd-shim-NAME-VERSION`. */
const runtimeForm = /^io\.containerd\.([a-z0-9]+)\.(v[0-9]+)$/;

/** What is installed here, by those names. */
const ours = ['containerd-shim-runc-v2', 'containerd-shim-runj-v1'];

const least = [1, 6] as const;

export interface ContainerdPlace {
  /** its configuration file */
  readonly config: string;
  /** folders of programs, as PATH has them */
  readonly path: string;
  /** the launcher that belongs to this program */
  readonly launcher: string;
}

/** Looks at containerd's configuration and at the shim that it would run; no checks where there is no containerd. */
export async function containerdChecks({ config, path, launcher }: ContainerdPlace): Promise<Check[]> {
  const program = locate('containerd', path);
  if (program === undefined) return [];
  const [shim = ''] = ours;
  return [
    check('version of containerd', await version(program), only),
    check('shim in PATH', await shimInPath(shim, path, launcher), only),
    ...(await configuration(config, path)),
  ];
}

async function version(program: string): Promise<Shortfall | undefined> {
  const said = await say(program, '--version');
  const found = /\bv?(\d+)\.(\d+)\.\d+/.exec(said);
  const [major, minor] = [Number(found?.[1]), Number(found?.[2])];
  const remedy = 'pkg install containerd, or apt-get install containerd';
  if (found === null) return { problem: `${program} --version says ${JSON.stringify(said)}`, remedy };
  if (major > least[0] || (major === least[0] && minor >= least[1])) return undefined;
  return { problem: `${program} is ${major}.${minor}; ${least.join('.')} is the oldest that works`, remedy };
}

/** What containerd would run. Its PATH is that of whoever starts it, which is not known here: this program's stands for it. */
async function shimInPath(name: string, path: string, launcher: string): Promise<Shortfall | undefined> {
  const first = locate(name, path);
  const folder = join(launcher, '..');
  const remedy = `put ${folder} first in the PATH that containerd is started with: PATH=${folder}:$PATH`;
  if (first === undefined) return { problem: `${name} is in none of ${path}`, remedy };
  const said = await say(first, '-v');
  if (said.startsWith('containerd-shim-jail ')) return undefined;
  return { problem: `${first} comes first, which is another program`, remedy };
}

interface Runtime {
  readonly name: string;
  readonly type: string;
  readonly path: string;
}

async function configuration(config: string, path: string): Promise<Check[]> {
  const text = await unlessMissing(readFile(config, 'utf8'), undefined);
  if (text === undefined) return []; // its defaults name a runtime of ours
  let runtimes: readonly Runtime[];
  try {
    runtimes = runtimesOf(parse(text));
  } catch (error) {
    const problem = `containerd cannot read it: ${reason(error)}`;
    return [check(config, { problem, remedy: `containerd config default > ${config}` }, only)];
  }
  return runtimes.map((runtime) =>
    check(`runtime ${runtime.name} in ${config}`, wrongRuntime(runtime, path), only),
  );
}

function wrongRuntime({ type, path: own }: Runtime, path: string): Shortfall | undefined {
  const parts = runtimeForm.exec(type);
  const remedy = 'runtime_type = "io.containerd.runc.v2"';
  if (own !== '') {
    if (isExecutable(own)) return undefined;
    return {
      problem: `runtime_path ${own} is no program`,
      remedy: `remove runtime_path, and write: ${remedy}`,
    };
  }
  if (parts === null) return { problem: `${JSON.stringify(type)} is no type of a runtime`, remedy };
  const shim = `containerd-shim-${parts[1] ?? ''}-${parts[2] ?? ''}`;
  if (locate(shim, path) !== undefined) return undefined;
  return { problem: `${shim} is in none of ${path}`, remedy };
}

/** The runtimes of the CRI plugin, which has another name in each major version of the configuration. */
function runtimesOf(config: unknown): readonly Runtime[] {
  const plugins = Object.entries(member(config, 'plugins'));
  const cri = plugins.filter(([name]) =>
    /^(?:cri|io\.containerd\.(?:grpc\.v1\.cri|cri\.v1\.runtime))$/.test(name),
  );
  return cri.flatMap(([, plugin]) =>
    Object.entries(member(member(plugin, 'containerd'), 'runtimes')).map(([name, runtime]) => ({
      name,
      type: text(runtime, 'runtime_type'),
      path: text(runtime, 'runtime_path'),
    })),
  );
}

function member(value: unknown, name: string): Record<string, unknown> {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : {};
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
}

function text(value: unknown, name: string): string {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : '';
  return typeof found === 'string' ? found : '';
}

function locate(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a program says of itself, or why it does not. */
function say(program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: 10_000 }, (error, stdout) => {
      resolve(error === null ? stdout.trim() : reason(error));
    });
    child.stdin?.end();
  });
}

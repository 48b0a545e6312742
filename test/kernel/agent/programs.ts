import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const native = fileURLToPath(new URL('../../../../native', import.meta.url));
const strict = ['-std=c11', '-Wall', '-Wextra', '-Werror'];

/** How a program without a libc is compiled for a test, with the host's cc. */
export const builds = {
  hosted: ['-O2'],
  sanitized: ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
  freestanding: [
    ...['-O2', '-DFREESTANDING', '-ffreestanding', '-fno-stack-protector'],
    ...['-fno-pie', '-no-pie', '-nostdlib', '-static'],
  ],
} as const;

export type Build = keyof typeof builds;

/** Why nothing can be compiled here, or false if something can. */
export const noCompiler =
  spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0 ? false : 'needs a C compiler';

export interface CompiledProgram {
  readonly path: string;
  /** Removes its folder. */
  readonly remove: () => void;
}

/** Compiles the agent into a new folder, which `remove` removes. */
export function compileAgent(build: Build): CompiledProgram {
  return compileInto('agent', [...builds[build], ...agentSources()]);
}

/** Compiles the program that containers of tests run, as the agent. */
export function compileInmate(build: Build): CompiledProgram {
  return compileInto('inmate', [...builds[build], ...sources(/^(inmate.*|start|system.*)\.c$/)]);
}

function compileInto(name: string, args: readonly string[]): CompiledProgram {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const path = join(folder, name);
  compile(args, path);
  return {
    path,
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}

/** The agent's sources, or those of them that are not left out. */
export function agentSources(...without: string[]): string[] {
  return sources(/^(agent.*|start|system.*)\.c$/).filter((path) => !without.includes(basename(path)));
}

function sources(names: RegExp): string[] {
  return readdirSync(native)
    .filter((name) => names.test(name))
    .map((name) => join(native, name));
}

/** Compiles a program; throws what the compiler says. */
export function compile(args: readonly string[], path: string): void {
  const { status, stderr, error } = spawnSync('cc', [...strict, '-I', native, ...args, '-o', path], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cc: ${error?.message ?? stderr}`);
}

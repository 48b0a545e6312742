import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This repository's folder, seen from build/test/launcher. */
export const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** `sanitize`: with address and undefined behaviour sanitizers, and short waits for a daemon that hangs. */
export type Build = 'release' | 'sanitize';

/** Builds the launcher, unless it is up to date, and returns the folder of its programs. */
export function buildNative(build: Build): string {
  const options = build === 'sanitize' ? ['--sanitize'] : [];
  execFileSync(join(repository, 'scripts/build-native'), options, {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return join(repository, 'build/native', build === 'sanitize' ? 'sanitize' : '.');
}

/** Compiles a C file of this folder to a program in the given one, and returns the program's path. */
export function compileHelper(name: string, directory: string): string {
  const program = join(directory, name);
  const source = join(repository, 'test/launcher', `${name}.c`);
  const compiler = process.env['CC'] ?? 'cc';
  execFileSync(compiler, ['-std=c11', '-Wall', '-Wextra', '-Werror', '-o', program, source]);
  return program;
}

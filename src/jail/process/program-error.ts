import { isKernelError } from '../../kernel/error.js';
import type { FoundProgram } from '../../kernel/freebsd/find-program.js';
import { RuntimeError } from '../../runtime/error.js';

// Clients look for these words: they are those of Go's os/exec and of strerror(3).

/** Why there is no program to run, as clients know it. */
export function missingProgram(name: string, found: Exclude<FoundProgram, { path: string }>): RuntimeError {
  const quoted = JSON.stringify(name);
  if (found.reason === 'denied') {
    const where = found.candidate === name ? '' : ` (${found.candidate})`;
    return new RuntimeError('failed', `exec: ${quoted}: permission denied${where}`);
  }
  return new RuntimeError(
    'failed',
    name.includes('/')
      ? `exec: ${quoted}: no such file or directory`
      : `exec: ${quoted}: executable file not found in $PATH`,
  );
}

const words: Readonly<Record<string, string>> = {
  // It was there when it was looked for.
  ENOENT: 'no such file or directory: it is gone, or the interpreter that it names is not there',
  EACCES: 'permission denied',
  ENOEXEC: 'exec format error',
  E2BIG: 'argument list too long',
  ENOMEM: 'cannot allocate memory',
};

/** What can be said of an errno of execve(2) beyond its usual words; undefined for nothing. */
export type Explanation = (code: string) => string | undefined;

/** What a program that was found says when it cannot be run after all. */
export function failedProgram(path: string, error: unknown, explain: Explanation): unknown {
  if (!isKernelError(error) || error.call !== 'execve') return error;
  const text = explain(error.code) ?? words[error.code] ?? error.code;
  return new RuntimeError('failed', `exec: ${JSON.stringify(path)}: ${text}`, { cause: error });
}

import { reason } from '../runtime/error.js';

/** Exit codes of `jailer run` and `exec` beside the container's own, as users know them from docker-run(1). */
export const exitCodes = { failed: 125, cannotExecute: 126, notFound: 127 } as const;

/** Something that `jailer` was asked for and cannot do: one line that says what, on what, why, and what to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The line that is printed for anything thrown; errors of images bring their kind along, of which some advice follows. */
export function errorLine(error: unknown): string {
  return `jailer: ${reason(error)}${advice(error)}`;
}

const advices: Readonly<Record<string, string>> = {
  unauthorized: ': log in to the registry, or name the credentials in its configuration',
  unreachable: ': is the registry up, and its name right?',
};

function advice(error: unknown): string {
  if (!(error instanceof Error) || error.name !== 'ImageError') return '';
  return advices[(error as Error & { kind?: string }).kind ?? ''] ?? '';
}

export const exitCodeOf = (error: unknown): number =>
  error instanceof CliError ? error.exitCode : exitCodes.failed;

/** Why a runtime refused, in terms that a caller can act upon. */
export type RuntimeErrorKind =
  'invalid' | 'not-found' | 'already-exists' | 'precondition' | 'unsupported' | 'failed';

/** An error of a runtime: one line that says what failed, on what, and why. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly kind: RuntimeErrorKind;

  constructor(kind: RuntimeErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** The message of anything that was thrown, in one line. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().replace(/\s*\n\s*/g, '; ');
}

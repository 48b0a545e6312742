/** What went wrong with an image, in terms that a caller can act upon; `jailer` turns it into an exit code and an advice. */
export type ImageErrorKind =
  /** what was given cannot be understood: a name, a document, a tar, a Containerfile */
  | 'invalid'
  /** there is no such image, tag, blob or platform */
  | 'not-found'
  /** the name is taken */
  | 'already-exists'
  /** it is still needed by something else */
  | 'in-use'
  /** the registry wants other credentials, or refuses these */
  | 'unauthorized'
  /** the registry does not answer, or not in time */
  | 'unreachable'
  /** bytes that do not have the digest or the size that they should */
  | 'corrupt'
  /** understood, but nothing that this program can do */
  | 'unsupported'
  /** disk full, or a limit of ours */
  | 'exhausted'
  /** was told to stop */
  | 'cancelled'
  | 'failed';

/** An error of this folder: one line that says what failed, on what, and why. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly kind: ImageErrorKind;

  constructor(kind: ImageErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

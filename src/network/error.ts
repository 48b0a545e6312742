/**
 * Why something cannot be had of a network:
 * - `invalid`: what was asked for makes no sense here, and never will
 * - `taken`: somebody else has it
 * - `exhausted`: all of it is in use
 * - `lacking`: the host is not set up for it
 */
export type NetworkErrorKind = 'invalid' | 'taken' | 'exhausted' | 'lacking';

/** A refusal of ours, in one line; what the kernel refuses is a KernelError. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly kind: NetworkErrorKind;

  constructor(kind: NetworkErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

import { NetworkError } from '../error.js';

/** The error codes of the CNI specification 1.1, section "Error", and two of its STATUS. */
export const cniCode = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  ioFailure: 5,
  decodingFailure: 6,
  invalidConfiguration: 7,
  tryAgain: 11,
  notAvailable: 50,
  limitedConnectivity: 51,
  /** From 100 on a plugin's own: something was asked of the kernel, or of the leases, that it refused. */
  refused: 100,
  /** All addresses of a pool are leased. */
  exhausted: 101,
  /** An address or a port is somebody else's. */
  taken: 102,
  /** The host is not set up for it: no packet filter, no module. */
  lacking: 103,
} as const;

export type CniCode = (typeof cniCode)[keyof typeof cniCode];

/** A failure as a CNI runtime understands it. */
export class CniError extends Error {
  override readonly name = 'CniError';
  readonly code: CniCode;

  constructor(code: CniCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const codeOf = {
  invalid: cniCode.invalidConfiguration,
  exhausted: cniCode.exhausted,
  taken: cniCode.taken,
  lacking: cniCode.lacking,
} as const;

/** Any failure, with the code that tells a runtime what to do about it. */
export function cniErrorOf(error: unknown): CniError {
  if (error instanceof CniError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof NetworkError) return new CniError(codeOf[error.kind], message, { cause: error });
  // Another program has had the database locked for longer than anybody should.
  const isBusy = (error as { code?: unknown } | undefined)?.code === 'SQLITE_BUSY';
  return new CniError(isBusy ? cniCode.tryAgain : cniCode.refused, message, { cause: error });
}

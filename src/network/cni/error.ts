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

/** A call's failure, by the name of its errno. */
export class Failure extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.name = 'Failure';
    this.code = code;
  }
}

/** Ends a call with this errno. */
export function fail(code: string): never {
  // Nobody looks at where it was thrown; finding that out would cost more than the call.
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const failure = new Failure(code);
  Error.stackTraceLimit = limit;
  throw failure;
}

/** What would have brought a real kernel down. It is no answer: the client must never have made the call. */
export class ModelPanic extends Error {
  constructor(what: string) {
    super(`kernel panic: ${what}`);
    this.name = 'ModelPanic';
  }
}

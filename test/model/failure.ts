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
  throw new Failure(code);
}

/** What would have brought a real kernel down. It is no answer: the client must never have made the call. */
export class ModelPanic extends Error {
  constructor(what: string) {
    super(`kernel panic: ${what}`);
    this.name = 'ModelPanic';
  }
}

import type { Codec } from './codec.js';

// A codec whose two directions have one type, so that a method's message types can be inferred from it.
interface WholeCodec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

/** A method with one request and one response. */
export interface UnaryMethod<Request, Response> {
  readonly kind: 'unary';
  /** The bare name (`Create`), as on the wire. */
  readonly name: string;
  readonly request: WholeCodec<Request>;
  readonly response: WholeCodec<Response>;
}

/** Describes a method; used by the generated tables of services. */
export function unary<Request, Response>(
  name: string,
  request: Codec<Request>,
  response: Codec<Response>,
): UnaryMethod<Request, Response> {
  return { kind: 'unary', name, request, response };
}

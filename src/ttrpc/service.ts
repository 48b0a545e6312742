/** How a message becomes bytes and bytes a message. Both throw on what they cannot convert. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  /** The bytes may be a view of a larger buffer, which lives as long as a view of it: copy what is kept for long. */
  decode(bytes: Uint8Array): T;
}

interface MethodDescription<Req, Res> {
  /** The bare name of the method (`Create`), as on the wire. */
  readonly name: string;
  readonly request: Codec<Req>;
  readonly response: Codec<Res>;
}

/** One request, one response. */
export interface UnaryMethod<Req, Res> extends MethodDescription<Req, Res> {
  readonly kind: 'unary';
}

/** One request, any number of responses. */
export interface ServerStreamingMethod<Req, Res> extends MethodDescription<Req, Res> {
  readonly kind: 'server-streaming';
}

/** Any number of requests, one response. */
export interface ClientStreamingMethod<Req, Res> extends MethodDescription<Req, Res> {
  readonly kind: 'client-streaming';
}

/** Any number of requests and responses, in any order. */
export interface BidiStreamingMethod<Req, Res> extends MethodDescription<Req, Res> {
  readonly kind: 'bidi-streaming';
}

/** Names and values that accompany a request, beside its message. Names are lower-case; each has one or more values. */
export type Metadata = ReadonlyMap<string, readonly string[]>;

/** What a handler knows of the call besides the request. */
export interface CallContext {
  /**
   * Aborted when nobody waits for the answer any more: the deadline passed, the connection ended, or the stream
   * was failed. The reason is a StatusError or a ClosedError. Made when first asked for.
   */
  readonly signal: AbortSignal;
  readonly metadata: Metadata;
  /** When the caller gives up, in milliseconds since the epoch; absent if it waits for ever. */
  readonly deadline?: number | undefined;
}

export interface UnaryImplementation<Req = unknown, Res = unknown> {
  readonly method: UnaryMethod<Req, Res>;
  handler(request: Req, context: CallContext): Promise<Res> | Res;
}

export interface ServerStreamingImplementation<Req = unknown, Res = unknown> {
  readonly method: ServerStreamingMethod<Req, Res>;
  handler(request: Req, context: CallContext): AsyncIterable<Res>;
}

export interface ClientStreamingImplementation<Req = unknown, Res = unknown> {
  readonly method: ClientStreamingMethod<Req, Res>;
  handler(requests: AsyncIterable<Req>, context: CallContext): Promise<Res>;
}

export interface BidiStreamingImplementation<Req = unknown, Res = unknown> {
  readonly method: BidiStreamingMethod<Req, Res>;
  handler(requests: AsyncIterable<Req>, context: CallContext): AsyncIterable<Res>;
}

export type UnaryHandler<Req, Res> = UnaryImplementation<Req, Res>['handler'];
export type ServerStreamingHandler<Req, Res> = ServerStreamingImplementation<Req, Res>['handler'];
export type ClientStreamingHandler<Req, Res> = ClientStreamingImplementation<Req, Res>['handler'];
export type BidiStreamingHandler<Req, Res> = BidiStreamingImplementation<Req, Res>['handler'];

/**
 * A method and what answers it. The message types are forgotten here, so that methods of different types fit
 * one map; `implement` is where they are checked against each other.
 */
export type Implementation =
  | UnaryImplementation
  | ServerStreamingImplementation
  | ClientStreamingImplementation
  | BidiStreamingImplementation;

/** What a server offers under one name. */
export interface Service {
  /** The full protobuf name (`containerd.task.v2.Task`), as on the wire. */
  readonly name: string;
  /** By the bare name of the method. */
  readonly methods: ReadonlyMap<string, Implementation>;
}

/** Joins a method with its handler, whose parameters take their types from the method. */
export function implement<Req, Res>(
  method: UnaryMethod<Req, Res>,
  handler: UnaryHandler<Req, Res>,
): UnaryImplementation<Req, Res>;
export function implement<Req, Res>(
  method: ServerStreamingMethod<Req, Res>,
  handler: ServerStreamingHandler<Req, Res>,
): ServerStreamingImplementation<Req, Res>;
export function implement<Req, Res>(
  method: ClientStreamingMethod<Req, Res>,
  handler: ClientStreamingHandler<Req, Res>,
): ClientStreamingImplementation<Req, Res>;
export function implement<Req, Res>(
  method: BidiStreamingMethod<Req, Res>,
  handler: BidiStreamingHandler<Req, Res>,
): BidiStreamingImplementation<Req, Res>;
export function implement(
  method: Implementation['method'],
  handler: Implementation['handler'],
): { method: Implementation['method']; handler: Implementation['handler'] } {
  return { method, handler };
}

/** A service of these methods. Throws if two of them have the same name. */
export function createService(name: string, implementations: Iterable<Implementation>): Service {
  const methods = new Map<string, Implementation>();
  for (const implementation of implementations) {
    const { name: methodName } = implementation.method;
    if (methods.has(methodName)) throw new Error(`service ${name} has two methods ${methodName}`);
    methods.set(methodName, implementation);
  }
  return { name, methods };
}

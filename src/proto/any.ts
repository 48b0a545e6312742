// google.protobuf.Any: payloads that name their own type. containerd packs protobuf messages, and for the types of the
// OCI runtime specification JSON.
import type { MessageType } from './codec.js';
import type { Any } from './generated/messages.js';

const ociPrefix = 'types.containerd.io/opencontainers/runtime-spec/1';

/** Payload of ExecProcessRequest.spec. */
export const OCI_PROCESS = `${ociPrefix}/Process`;
/** Payload of UpdateTaskRequest.resources. */
export const OCI_LINUX_RESOURCES = `${ociPrefix}/LinuxResources`;
/** Payload of RuntimeInfo.features. */
export const OCI_FEATURES = `${ociPrefix}/features/Features`;

/** A payload of another type than was asked for, or one that is not the JSON it should be. */
export class PayloadError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PayloadError';
  }
}

/** Packs a message under its bare name, which is what containerd and its clients compare with. */
export function pack<T>(type: MessageType<T>, value: Partial<T>): Any {
  return { typeUrl: type.typeName, value: type.encode(value) };
}

/** True if the payload is of this type; a prefix such as `type.googleapis.com/` does not count. */
export function isType(type: MessageType<unknown>, any: Any): boolean {
  return any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1) === type.typeName;
}

/** Throws a PayloadError if the payload is of another type, a DecodeError if its bytes are not of its type. */
export function unpack<T>(type: MessageType<T>, any: Any): T {
  if (!isType(type, any)) throw wrongType(type.typeName, any);
  return type.decode(any.value);
}

/** Packs what JSON.stringify makes of a value. */
export function packJson(typeUrl: string, value: object): Any {
  return { typeUrl, value: Buffer.from(JSON.stringify(value)) };
}

/** Throws a PayloadError if the payload is of another type or not JSON in UTF-8. The caller checks the value's shape. */
export function unpackJson(typeUrl: string, any: Any): unknown {
  if (any.typeUrl !== typeUrl) throw wrongType(typeUrl, any);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(any.value)) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PayloadError(`payload ${typeUrl} is not JSON: ${reason}`, { cause: error });
  }
}

function wrongType(wanted: string, any: Any): PayloadError {
  return new PayloadError(`expected a payload of type ${wanted}, got ${JSON.stringify(any.typeUrl)}`);
}

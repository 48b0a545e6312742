import { Flag } from './frame.js';
import type { Inbox } from './inbox.js';
import type { CallReceiver } from './open-call.js';
import type { Codec } from './service.js';
import { Code, messageOf, StatusError } from './status.js';

/** A codec's decode, whose errors are StatusErrors: Internal. */
export function decoder<Res>(codec: Codec<Res>): (bytes: Buffer) => Res {
  return (bytes) => {
    try {
      return codec.decode(bytes);
    } catch (thrown) {
      throw new StatusError(Code.Internal, `undecodable payload: ${messageOf(thrown)}`, { cause: thrown });
    }
  };
}

/** Takes the answer to a call that has just one. */
export function oneResponse<Res>(
  decode: (bytes: Buffer) => Res,
  resolve: (response: Res) => void,
  reject: (error: Error) => void,
): CallReceiver {
  return {
    response(payload) {
      resolve(decode(payload));
    },
    data() {
      throw new StatusError(Code.Internal, 'the server sends a stream where one response was expected');
    },
    failed: reject,
  };
}

/** Takes the answers to a call that has any number of them. */
export function manyResponses(responses: Inbox<unknown>, name: string): CallReceiver {
  const push = (message: Buffer): void => {
    if (responses.push(message)) return;
    throw new StatusError(Code.ResourceExhausted, `responses of ${name} are not consumed`);
  };
  return {
    response(last) {
      if (last.length > 0) push(last);
      responses.end();
    },
    data(message, flags) {
      if ((flags & Flag.NoData) === 0) push(message);
      const last = (flags & Flag.RemoteClosed) !== 0;
      if (last) responses.end();
      return last;
    },
    failed(error, here) {
      if (here) responses.abort(error);
      else responses.fail(error);
    },
  };
}

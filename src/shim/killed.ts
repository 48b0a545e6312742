import type { DeleteResponse } from '../proto/generated/messages.js';
import { fromMilliseconds } from '../proto/timestamp.js';

/** 128 plus SIGKILL. */
const killed = 137;

/** What `delete` says of a container whose real end nobody has seen. */
export function killedNow(pid: number): DeleteResponse {
  return { pid, exitStatus: killed, exitedAt: fromMilliseconds(Date.now()) };
}

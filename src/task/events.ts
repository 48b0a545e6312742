import type { ContainerKey } from '../runtime/key.js';
import type { TypedBytes } from '../runtime/runtime.js';

/** One event of containerd's task topics. */
export interface TaskEvent {
  readonly topic: string;
  readonly event: TypedBytes;
}

/** Takes events; those of one container reach containerd in the order in which they were given. */
export type PublishEvent = (key: ContainerKey, event: TaskEvent) => void;

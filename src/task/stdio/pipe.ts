import { fchownSync } from 'node:fs';
import { Descriptor, type Descriptors } from './descriptor.js';

/** pipe2(2) of the host: two blocking, close-on-exec descriptors. Node has no such call, so the caller brings it. */
export type PipeMaker = () => { read: number; write: number };

/** Whom the pipes of a container shall belong to, so that a program in a user namespace can reopen /dev/stdout. */
export interface PipeOwner {
  readonly uid: number;
  readonly gid: number;
}

export interface Pipe {
  readonly read: Descriptor;
  readonly write: Descriptor;
}

/** Makes a pipe; `owned` gets both ends. */
export function openPipe(makePipe: PipeMaker, owned: Descriptors, owner?: PipeOwner): Pipe {
  const ends = makePipe();
  const pipe = { read: owned.own(new Descriptor(ends.read)), write: owned.own(new Descriptor(ends.write)) };
  if (owner !== undefined) fchownSync(pipe.write.fd, owner.uid, owner.gid);
  return pipe;
}

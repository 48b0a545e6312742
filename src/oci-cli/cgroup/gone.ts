import { RuntimeError } from '../../runtime/error.js';

/** The cgroup has been removed, or the process never had one of its own. */
export class CgroupGoneError extends RuntimeError {
  constructor(what: string) {
    super('not-found', what);
  }
}

import type { ChildMaker } from '../kernel/child.js';
import { enterJail } from '../kernel/freebsd/launch.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';

/**
 * Has something done by a process in a jail, which is there for this only and gone when it is done: only who is in a
 * jail can change its network stack.
 *
 * @param children makes processes on the machine of `system`
 * @throws KernelError EINVAL if there is no such jail, or it is dying
 */
export async function withinJail<T>(
  system: FreeBSD,
  children: ChildMaker,
  jid: number,
  body: (inside: FreeBSD) => Promise<T>,
): Promise<T> {
  const visitor = await children.start(['null', 'null', 'null']);
  try {
    const inside = { kernel: visitor.kernel, bindings: system.bindings };
    await run(inside, (b) => enterJail(b, jid));
    return await body(inside);
  } finally {
    await visitor.abandon();
  }
}

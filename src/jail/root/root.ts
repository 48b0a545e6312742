import { close, open, openIn } from '../../kernel/freebsd/file.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { visit } from './visit.js';
import { hostPathOf } from './walk.js';

/**
 * The directory that is the root of a container, open: paths inside it are resolved from its descriptor. What is mounted
 * on that directory later is not seen by it.
 */
export interface Root {
  readonly system: FreeBSD;
  /** On the host: absolute and plain, without symbolic links, as it was when it was opened. */
  readonly path: string;
  readonly fd: number;
}

/**
 * Opens the root of a container by its path on the host, in which symbolic links are followed.
 *
 * @throws KernelError, ENOTDIR if it is no directory
 */
export async function openRoot(system: FreeBSD, path: string): Promise<Root> {
  return withHost(system, async (host) => {
    return visit(host, path, async (place, release) => {
      const { name, directory } = place;
      if (name === undefined) return openHost(system);
      const object = hostPathOf(host, place);
      const { fd } = await run(system, (b) => ({
        fd: openIn(b, directory, name, { directory: true, object }),
        released: release(b),
      }));
      return { system, path: object, fd };
    });
  });
}

/** Does something with the root of the host. */
export async function withHost<T>(system: FreeBSD, act: (host: Root) => Promise<T>): Promise<T> {
  const host = await openHost(system);
  try {
    return await act(host);
  } finally {
    await closeRoot(host);
  }
}

async function openHost(system: FreeBSD): Promise<Root> {
  return { system, path: '/', fd: await run(system, (b) => open(b, '/', { directory: true })) };
}

export async function closeRoot({ system, fd }: Root): Promise<void> {
  // Whatever it says, the descriptor is gone afterwards.
  await run(system, (b) => b.attempt(() => close(b, fd)));
}

/** Ends the daemon when nobody needs it. */
export interface Idle {
  /** Keeps the daemon for `milliseconds`, as this container is about to be created. */
  reserve(container: string, milliseconds: number): void;
  /** The container was created, or never will be. */
  release(container: string): void;
  /** Looks again whether there is anything to live for; call it whenever a container is gone or was refused. */
  check(): void;
  stop(): void;
}

/**
 * Calls `end` once the daemon has been without containers for `milliseconds`, unless a reservation says
 * that one is coming. `inUse` tells whether there are containers or creates under way.
 */
export function createIdle(milliseconds: number, inUse: () => boolean, end: () => void): Idle {
  const reservations = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  const arm = (delay: number): void => {
    clearTimeout(timer);
    timer = setTimeout(expire, delay);
  };
  const expire = (): void => {
    timer = undefined;
    if (inUse()) return;
    const now = performance.now();
    for (const [container, until] of reservations) if (until <= now) reservations.delete(container);
    if (reservations.size === 0) end();
    else arm(Math.max(...reservations.values()) - now);
  };
  return {
    reserve: (container, duration) => {
      reservations.set(container, performance.now() + duration);
    },
    release: (container) => {
      reservations.delete(container);
    },
    check: () => {
      if (!inUse()) arm(milliseconds);
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

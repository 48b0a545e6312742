import Database from 'better-sqlite3';

/** Has programs take turns at something that the kernel has only one of. */
export interface Turns {
  /**
   * Does something while nobody else does, in this program or in another that has the same file.
   *
   * @throws Error if another program has had its turn for too long
   */
  readonly take: <T>(body: () => Promise<T>) => Promise<T>;
  readonly close: () => void;
}

/** A turn takes milliseconds; who has not got one after so many has to do with a program that hangs. */
const patience = 20_000;
/** Between two looks, at most; at random, so that those who wait do not look at the same moments. */
const pause = 10;

/**
 * Turns by the lock of a database without tables, which the kernel takes from a program that is killed.
 *
 * @throws Error naming the path when the file cannot be opened
 */
export function openTurns(path: string): Turns {
  const lock = openLock(path);
  const begin = lock.prepare('BEGIN EXCLUSIVE');
  const end = lock.prepare('COMMIT');
  let last: Promise<unknown> = Promise.resolve();

  const wait = async (): Promise<void> => {
    const until = Date.now() + patience;
    for (;;) {
      try {
        begin.run();
        return;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'SQLITE_BUSY') throw error;
        if (Date.now() > until) {
          throw new Error(`${path}: another program has had it locked for ${patience / 1000} s`, {
            cause: error,
          });
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * pause));
    }
  };
  return {
    take: (body) => {
      const turn = last.then(async () => {
        await wait();
        try {
          return await body();
        } finally {
          end.run();
        }
      });
      last = turn.catch(() => undefined);
      return turn;
    },
    close: () => {
      lock.close();
    },
  };
}

function openLock(path: string): Database.Database {
  try {
    return new Database(path, { timeout: 0 });
  } catch (error) {
    throw new Error(`lock ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

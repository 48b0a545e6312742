import type { Context } from '../command.js';
import { errorLine, exitCodeOf } from '../error.js';
import type { Container } from '../state/containers.js';
import { findContainer, openEngine, type Engine } from './engine.js';

/**
 * Does something to each of the containers that are named, and goes on with the others if it fails for one; prints the name
 * of each that it was done to.
 *
 * @returns the exit code: of the first failure, or 0
 */
export async function forEach(
  context: Context,
  words: readonly string[],
  work: (engine: Engine, container: Container) => Promise<void>,
): Promise<number> {
  const engine = await openEngine(context);
  let code = 0;
  for (const word of words) {
    try {
      const container = await findContainer(engine, word);
      await work(engine, container);
      context.print(`${word}\n`);
    } catch (error) {
      context.tell(errorLine(error));
      if (code === 0) code = exitCodeOf(error);
    }
  }
  return code;
}

import { reason, RuntimeError } from '../../runtime/error.js';
import type { Hook, HookPoint } from '../plan/hooks.js';
import { hookState, type HookedContainer } from './state.js';

/** How a hook ended. */
export interface HookEnd {
  /** as the rest of a sentence, "exited with status 3"; undefined when all went well */
  readonly failure: string | undefined;
  /** the end of what it wrote to its standard error */
  readonly stderr: string;
}

/**
 * Runs one hook to its end, with the state on its standard input.
 *
 * @param timeout milliseconds, after which it is killed
 * @throws when it cannot be started, saying why
 */
export type HookRunner = (hook: Hook, state: string, timeout: number) => Promise<HookEnd>;

export interface HookRules {
  readonly run: HookRunner;
  /** milliseconds for a hook that has no timeout of its own */
  readonly timeout: number;
  /** told of a hook whose failure does not stop the container */
  readonly warn: (message: string) => void;
}

/** Points at which the container lives on, or is gone already, whatever its hooks do. */
const lenient: ReadonlySet<HookPoint> = new Set(['poststart', 'poststop']);

/**
 * Runs the hooks of one point, one after the other in the spec's order. The first failure ends it, but for those that
 * only deserve a warning (runtime-spec config.md, "POSIX-platform Hooks").
 *
 * @throws RuntimeError failed: which hook failed, how, and what it wrote
 */
export async function runHooks(
  point: HookPoint,
  hooks: readonly Hook[],
  container: HookedContainer,
  rules: HookRules,
): Promise<void> {
  for (const hook of hooks) {
    const message = await failureOf(hook, hookState(point, container), rules);
    if (message === undefined) continue;
    if (!lenient.has(point)) throw new RuntimeError('failed', message);
    rules.warn(message);
  }
}

async function failureOf(hook: Hook, state: string, rules: HookRules): Promise<string | undefined> {
  const name = `${hook.field}: ${hook.path}`;
  try {
    const { failure, stderr } = await rules.run(hook, state, hook.timeout ?? rules.timeout);
    if (failure === undefined) return undefined;
    const words = reason(stderr);
    return words === '' ? `${name} ${failure}` : `${name} ${failure}: ${words}`;
  } catch (error) {
    return `${name}: ${reason(error)}`;
  }
}

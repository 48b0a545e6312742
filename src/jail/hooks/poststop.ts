import type { Hook } from '../plan/hooks.js';
import { runHooks, type HookRules } from './run.js';
import type { HookedContainer } from './state.js';

/** What the journal says of a container whose hooks are about to run: what has to run when it is gone. */
export interface PoststopDetail {
  readonly hooks: readonly Hook[];
  readonly container: Pick<HookedContainer, 'ociVersion' | 'id' | 'bundle' | 'annotations'>;
}

/** The kind of such an entry. */
export const poststopKind = 'poststop';

/** Runs the hooks of a container that is gone. Their failures are warnings. */
export async function runPoststop({ hooks, container }: PoststopDetail, rules: HookRules): Promise<void> {
  await runHooks('poststop', hooks, { ...container, pid: undefined, jid: undefined }, rules);
}

import { hookPoints, type Hook, type HooksPlan } from '../plan/hooks.js';
import { readEnvironment } from './environment.js';
import type { Field } from './field.js';

/** The greatest timeout: a day. */
const longest = 86_400;

/** `hooks` of a spec, all six points. */
export function planHooks(hooks: Field): HooksPlan {
  const points = hookPoints.map((point) => [point, hooks.member(point).elements().map(readHook)] as const);
  return Object.fromEntries(points) as unknown as HooksPlan;
}

function readHook(hook: Field): Hook {
  const path = hook.member('path');
  if (!path.text().startsWith('/')) path.invalid('not an absolute path');
  const args = hook.member('args').elements();
  const [name = path.text(), ...rest] = args.map((one) => one.anyText());
  const timeout = hook.member('timeout').optional((field) => field.integer(1, longest));
  return {
    path: path.text(),
    args: [name, ...rest],
    env: readEnvironment(hook.member('env')),
    timeout: timeout === undefined ? undefined : timeout * 1000,
    field: hook.name,
  };
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runHooks, type HookEnd, type HookRules } from '../../../src/jail/hooks/run.js';
import { hookPoints, type Hook, type HookPoint } from '../../../src/jail/plan/hooks.js';

const container = {
  ociVersion: '1.2.1',
  id: 'box',
  bundle: '/run/bundle',
  annotations: {},
  pid: 77,
  jid: 5,
};

function hook(path: string, timeout?: number): Hook {
  return { path, args: [path], env: [], timeout, field: `hooks.x[${path.slice(1)}]` };
}

/** Runs hooks of which each ends as is said of its path, and tells what was run, and how that ended. */
async function outcome(point: HookPoint, ends: readonly (Partial<HookEnd> | Error)[]) {
  const ran: [path: string, status: unknown, timeout: number][] = [];
  const warnings: string[] = [];
  const rules: HookRules = {
    timeout: 9000,
    warn: (message) => warnings.push(message),
    run: ({ path }, state, timeout) => {
      ran.push([path, (JSON.parse(state) as { status: unknown }).status, timeout]);
      const end = ends[Number(path.slice(1))] ?? {};
      return end instanceof Error
        ? Promise.reject(end)
        : Promise.resolve({ failure: undefined, stderr: '', ...end });
    },
  };
  const hooks = ends.map((_, index) => hook(`/${index}`, index === 1 ? 5 : undefined));
  const error = await runHooks(point, hooks, container, rules).then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  return { ran, warnings, error };
}

test('hooks run in their order, with their timeout or the usual one', async () => {
  const { ran, error } = await outcome('createRuntime', [{}, {}, {}]);
  assert.equal(error, undefined);
  assert.deepEqual(ran, [
    ['/0', 'creating', 9000],
    ['/1', 'creating', 5],
    ['/2', 'creating', 9000],
  ]);
});

const failures: [Partial<HookEnd> | Error, string][] = [
  [{ failure: 'exited with status 3' }, 'hooks.x[1]: /1 exited with status 3'],
  [
    { failure: 'was killed by SIGTERM', stderr: 'no\n  such \n' },
    'hooks.x[1]: /1 was killed by SIGTERM: no; such',
  ],
  [new Error('cannot execute it: ENOENT'), 'hooks.x[1]: /1: cannot execute it: ENOENT'],
];

for (const point of hookPoints) {
  const lenient = point === 'poststart' || point === 'poststop';
  for (const [failure, message] of failures) {
    test(`at ${point} "${message}" is ${lenient ? 'a warning' : 'the end'}`, async () => {
      const { ran, warnings, error } = await outcome(point, [{}, failure, {}]);
      assert.equal(ran.length, lenient ? 3 : 2);
      assert.deepEqual(warnings, lenient ? [message] : []);
      assert.equal(error?.message, lenient ? undefined : message);
    });
  }
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planJail, type JailDefaults, type PlanRequest } from '../../src/jail/plan.js';
import type { JailPlan } from '../../src/jail/plan/jail.js';
import { parseSpec } from '../../src/runtime/spec.js';

export type Json = Readonly<Record<string, unknown>>;

/** The least that a spec can be. */
export const minimal: Json = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs' },
  process: { cwd: '/', args: ['/bin/true'] },
};

const key = { namespace: 'default', id: 'box' };

/** Plans the minimal spec with other members in place of, or beside, its own. */
export function planWith(
  members: Json,
  request: Partial<PlanRequest> = {},
  defaults: JailDefaults = { linuxRelease: undefined },
): JailPlan {
  const spec = parseSpec(JSON.stringify({ ...minimal, ...members }), 'config.json');
  return planJail({ key, bundle: '/run/bundle', spec, rootfs: [], ...request }, defaults);
}

/** A spec whose process has other members in place of, or beside, the minimal one's. */
export function withProcess(members: Json): Json {
  return { process: { ...(minimal['process'] as Json), ...members } };
}

/** A spec whose `freebsd.jail` is this. */
export function withJail(jail: Json): Json {
  return { freebsd: { jail } };
}

/** What a spec is said to be in a test's name. */
export function titleOf(members: Json): string {
  const text = JSON.stringify(members);
  return text.length <= 150 ? text : `${text.slice(0, 149)}…`;
}

/** One test for each spec: what of its plan is looked at is as expected. */
export function planned(
  look: (plan: JailPlan) => unknown,
  rows: readonly (readonly [Json, unknown])[],
): void {
  for (const [members, expected] of rows) {
    test(`${titleOf(members)} is understood`, () => {
      assert.deepEqual(look(planWith(members)), expected);
    });
  }
}

/** One test for each spec: it is refused in these words, which begin with the field's name. */
export function refused(
  kind: 'invalid' | 'unsupported',
  rows: readonly (readonly [Json, string | RegExp])[],
): void {
  for (const [members, message] of rows) {
    test(`${titleOf(members)} is refused`, () => {
      assert.throws(() => planWith(members), { name: 'RuntimeError', kind, message });
    });
  }
}

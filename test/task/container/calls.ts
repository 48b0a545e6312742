import type { TestContext } from 'node:test';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import { notLinux } from '../../kernel/kernels.js';
import { codeOf, type Shim, startShim } from '../shim.js';

export const { methods } = TaskV2;

/** Options of a suite: a call that is never answered must not hold up all other tests. */
export const limits = { skip: notLinux, timeout: 60_000 };

/** The container of these tests, and its exec. */
export const box = { id: 'box' };
export const exec = { ...box, execId: 'sh' };

/** Kills the init of `box`, or what is named, with SIGKILL or another signal. */
export const kill = (shim: Shim, more: object = {}): Promise<unknown> =>
  shim.call(methods.Kill, { ...box, signal: 9, ...more });

/** A service with `box`, which runs a shell script. */
export async function running(test: TestContext, script = 'exec sleep 1000'): Promise<Shim> {
  const shim = await startShim(test);
  await shim.create(script);
  await shim.start();
  return shim;
}

/** Waits until the calls made so far are under way: the server takes up requests in their order. */
export async function takenUp(shim: Shim): Promise<void> {
  await codeOf(shim.call(methods.Connect, box));
}

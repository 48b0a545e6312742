import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Containerd, type ContainerdOptions } from './containerd.js';
import { leftovers } from './leftovers.js';
import { describe, type Outcome } from './program.js';

/** A test that is given the file's containerd. */
export type Scenario = (name: string, body: (containerd: Containerd) => Promise<void>) => void;

/** Why nothing here can run; undefined if it can. */
export function cannotRun(): string | undefined {
  if (process.platform !== 'linux') return 'drives a Linux containerd';
  if (process.getuid?.() !== 0) return 'needs root';
  return undefined;
}

/**
 * One private containerd for all tests of a file: started before the first, removed after the last. Each test ends
 * with nothing left of its containers, and a failed one shows the logs of containerd and of the shim.
 */
export function withContainerd(options: ContainerdOptions = {}, skip = cannotRun()): Scenario {
  let shared: Containerd | undefined;
  before(async () => {
    if (skip === undefined) shared = await Containerd.start(options);
  });
  after(async () => {
    await shared?.close();
  });
  return (name, body) => {
    void test(name, { skip: skip ?? false, timeout: 300_000 }, async (context) => {
      assert.ok(shared);
      try {
        await body(shared);
        assert.deepEqual(await leftovers(shared), []);
      } catch (error) {
        for (const line of shared.logs().split('\n')) context.diagnostic(line);
        await shared.endClients();
        await removeContainers(shared);
        throw error;
      }
    });
  };
}

/** Asserts an exit status, and shows all that the program said if it is another one. */
export function assertCode(outcome: Outcome, code: number): void {
  assert.equal(outcome.code, code, describe(outcome));
}

/** Gets rid of what a failed test left, so that the next one starts clean; this may itself find the shim broken. */
async function removeContainers(containerd: Containerd): Promise<void> {
  const namespaces = await containerd.ctr(['namespace', 'list', '--quiet']);
  for (const namespace of namespaces.stdout.split('\n')) {
    if (!namespace.startsWith(containerd.namespace)) continue;
    const suffix = namespace.slice(containerd.namespace.length);
    const containers = await containerd.ctr(['container', 'list', '--quiet'], { suffix });
    for (const id of containers.stdout.split('\n').filter((line) => line !== '')) {
      await containerd.ctr(['task', 'delete', '--force', id], { suffix, deadline: 15_000 });
      await containerd.ctr(['container', 'delete', id], { suffix });
    }
  }
  rmSync(containerd.fifoDirectory, { recursive: true });
  mkdirSync(containerd.fifoDirectory);
}

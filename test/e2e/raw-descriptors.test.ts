import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { OCI_PROCESS, packJson } from '../../src/proto/any.js';
import { TaskV2 } from '../../src/proto/generated/services.js';
import { Code } from '../../src/ttrpc/status.js';
import { refused, withRawShim } from './harness/raw-fixture.js';
import type { RawShim } from './harness/raw-shim.js';
import { rawProcess } from './harness/raw-spec.js';

const scenario = withRawShim();
const { methods } = TaskV2;
const id = 'one';
const daemons = new Map<RawShim, number>();

/** The daemon's pid, asked for while it has descriptors. */
async function daemon(shim: RawShim): Promise<number> {
  const pid = daemons.get(shim) ?? (await shim.call(methods.Connect, { id: 'witness' })).shimPid;
  daemons.set(shim, pid);
  return pid;
}

/** Lets the daemon open so many descriptors more than it has (prlimit(1), RLIMIT_NOFILE), or again as many as it will. */
function allow(pid: number, more: number): void {
  const open = readdirSync(`/proc/${pid}/fd`).map(Number);
  // The limit is on the highest number; below that are gaps, each of which can be used too.
  const free = Array.from({ length: 4096 }, (_, number) => number).filter((number) => !open.includes(number));
  const limit = more === Infinity ? 1024 : (free[more] ?? 0);
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
}

async function withDescriptors(shim: RawShim, more: number, work: () => Promise<unknown>): Promise<void> {
  const pid = await daemon(shim);
  allow(pid, more);
  try {
    await work();
  } finally {
    allow(pid, Infinity);
  }
}

/** Tries with one more descriptor each time until it works. @returns how often it was refused */
async function untilItWorks(shim: RawShim, work: () => Promise<unknown>): Promise<number> {
  for (let more = 0; ; more += 1) {
    assert.ok(more < 60, 'never works');
    let worked = false;
    await withDescriptors(shim, more, async () => {
      const result = work().then(() => {
        worked = true;
        throw new Error('worked');
      });
      if (await result.catch((error: unknown) => (error as Error).message === 'worked')) return;
      await refused(result, Code.ResourceExhausted, /too many open files|EMFILE/i);
    });
    if (worked) return more;
  }
}

for (const terminal of [false, true]) {
  scenario(
    `descriptors: none left for a Create ${terminal ? 'with' : 'without'} a terminal`,
    async (shim) => {
      const [stdin, stdout] = ['stdin', 'stdout'].map((name) => join(shim.fifoDirectory, name));
      execFileSync('mkfifo', [stdin ?? '', stdout ?? '']);
      const bundle = await shim.bundle(id, ['true'], (spec) => Object.assign(spec.process, { terminal }));
      const request = { id, bundle, terminal, stdin: stdin ?? '', stdout: stdout ?? '' };
      const refusals = await untilItWorks(shim, () => shim.call(methods.Create, request));
      assert.ok(refusals > 3, String(refusals));
      await shim.remove(id);
      execFileSync('rm', [stdin ?? '', stdout ?? '']);
    },
  );
}

scenario('descriptors: none left for an exec', async (shim) => {
  const spec = packJson(OCI_PROCESS, rawProcess(['true']));
  const exec = { id: 'witness', execId: 'e' };
  const refusals = await untilItWorks(shim, async () => {
    await shim.call(methods.Exec, { ...exec, spec });
    try {
      await shim.call(methods.Start, exec);
    } finally {
      await shim.call(methods.Wait, exec);
      await shim.call(methods.Delete, exec);
    }
  });
  assert.ok(refusals > 1, String(refusals));
});

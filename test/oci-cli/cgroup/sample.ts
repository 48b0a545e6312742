import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** Files by path below a cgroup, with what the kernel would have in them. */
export type Sample = Readonly<Record<string, string>>;

/** A directory that looks like a cgroup; removed after the test. */
export function sampleCgroup(t: TestContext, files: Sample): string {
  const directory = mkdtempSync(join(tmpdir(), 'cgroup-'));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** An empty folder that is removed after the test. */
export function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'runtime-'));
  context.after(() => {
    rmSync(path, { recursive: true });
  });
  return path;
}

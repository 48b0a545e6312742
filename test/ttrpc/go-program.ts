import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Seen from the project's folder, where the tests run. */
const SOURCE = 'test/ttrpc/go';

/** Why the Go program cannot be built on this host; undefined if it can. */
export function whyNoGo(): string | undefined {
  const { error, stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  if (error !== undefined) return `go is not installed: ${error.message}`;
  const minor = Number(/^go1\.(\d+)/.exec(stdout)?.[1]);
  // From 1.21 on, go fetches by itself the version that go.mod asks for.
  return minor >= 21 ? undefined : `${stdout.trim()} is too old: go 1.21 or newer is needed`;
}

/** Builds the Go program into a temporary folder; `remove` deletes that. */
export function buildGoProgram(): { program: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'ttrpc-go-'));
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  const program = join(folder, 'interop');
  try {
    execFileSync('go', ['build', '-o', program, '.'], {
      cwd: SOURCE,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  } catch (error) {
    remove();
    throw error;
  }
  return { program, remove };
}

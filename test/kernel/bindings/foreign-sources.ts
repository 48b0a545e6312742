import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A source tree, or why there is none on this machine. */
export type Source = { readonly folder: string } | { readonly missing: string };

const crateVersion = '0.2.177';
const moduleVersion = 'v0.47.0';

/** The source of the crate libc, through cargo, in cargo's own cache. */
export function rustLibc(): Source {
  return inScratch((scratch) => {
    mkdirSync(join(scratch, 'src'));
    writeFileSync(join(scratch, 'src/lib.rs'), '');
    writeFileSync(
      join(scratch, 'Cargo.toml'),
      `[package]\nname = "scratch"\nversion = "0.0.0"\n[dependencies]\nlibc = "=${crateVersion}"\n`,
    );
    const told = run('cargo', ['metadata', '--format-version', '1'], scratch);
    if (typeof told !== 'string') return told;
    const { packages } = JSON.parse(told) as { packages: { name: string; manifest_path: string }[] };
    const found = packages.find(({ name }) => name === 'libc');
    return found === undefined
      ? { missing: 'cargo does not list libc' }
      : { folder: dirname(found.manifest_path) };
  });
}

/** The source of golang.org/x/sys, through go, in go's own cache. */
export function goSys(): Source {
  return inScratch((scratch) => {
    const told = run('go', ['mod', 'download', '-json', `golang.org/x/sys@${moduleVersion}`], scratch);
    if (typeof told !== 'string') return told;
    return { folder: (JSON.parse(told) as { Dir: string }).Dir };
  });
}

function run(command: string, args: readonly string[], folder: string): string | { missing: string } {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  if (error !== undefined) return { missing: error.message };
  return status === 0 ? stdout : { missing: `${command} ${args.join(' ')}: ${stderr.trim()}` };
}

function inScratch(use: (folder: string) => Source): Source {
  const folder = mkdtempSync(join(tmpdir(), 'foreign-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

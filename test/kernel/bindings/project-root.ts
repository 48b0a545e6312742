import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with package.json and native/: the tests run from a build folder somewhere below it, or from elsewhere. */
export const projectRoot = findRoot();

function findRoot(): string {
  for (const start of [dirname(fileURLToPath(import.meta.url)), process.cwd()]) {
    for (let folder = start; dirname(folder) !== folder; folder = dirname(folder)) {
      if (existsSync(join(folder, 'native/bindings.list'))) return folder;
    }
  }
  throw new Error('native/bindings.list is in no folder above the tests or the working directory');
}

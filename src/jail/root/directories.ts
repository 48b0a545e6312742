import { KernelError, isKernelError } from '../../kernel/error.js';
import type { Step } from '../../kernel/freebsd/batch-builder.js';
import { makeDirectory, openIn, type Directory } from '../../kernel/freebsd/file.js';
import { run } from '../../kernel/freebsd/run.js';
import type { Journal } from '../../runtime/journal.js';
import type { Root } from './root.js';
import { visit, type Release } from './visit.js';
import { hostPathOf, namesOf, namesTo, pathIn, type Place } from './walk.js';

/** What a journal says of a directory, or of an empty file to mount on, that was made inside a root. */
export interface MadeDetail {
  /** The root's path on the host. */
  readonly root: string;
  /** Inside the root; none of its names is a symbolic link. */
  readonly path: string;
  readonly kind: 'directory' | 'file';
}

/** The kind of such an entry. */
export const madeKind = 'made';

// Others may make and remove the same directories; somebody who does nothing else is not waited for.
const maxAttempts = 8;

/**
 * Makes a directory inside a root, with those above it that are missing, and writes down each of them first. That it is
 * there is no error.
 *
 * @param mode for those that are made; the umask applies
 * @throws KernelError, ENOTDIR if something else is there
 */
export async function makeDirectoryIn(
  root: Root,
  path: string,
  mode: number,
  journal: Journal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const failure = await visit(root, path, (place, release) =>
      makeMissing(root, place, release, mode, journal),
    );
    if (failure === undefined) return;
    if (failure.code !== 'EEXIST' || attempt === maxAttempts) throw failure;
  }
}

/** Makes what is missing of a path, as far as it goes. EEXIST if somebody was faster. */
async function makeMissing(
  root: Root,
  place: Place,
  release: Release,
  mode: number,
  journal: Journal,
): Promise<KernelError | undefined> {
  const { status } = place;
  if (status !== undefined)
    return status.kind === 'directory' ? undefined : failureAt(root, namesTo(place).join('/'), 'ENOTDIR');
  const entries = missingOf(place).map((names) => writeDown(root, names, 'directory', journal));
  const { made, opened } = await run(root.system, (b) => {
    let directory: Directory = place.directory;
    const opened: Step<unknown>[] = [];
    const made = missingOf(place).map((names, index, all) => {
      const [from, name, object] = [directory, names.at(-1) ?? '', pathIn(root, names)];
      const step = b.attempt(() => makeDirectory(b, from, name, mode, object));
      if (index === all.length - 1) return step;
      const open = b.attempt(() => openIn(b, from, name, { directory: true, object }));
      opened.push(open);
      directory = b.temporary(open.value);
      return step;
    });
    return { made: together(made), opened: together(opened), released: release(b) };
  });
  // One that was there already does not keep those below it from being made.
  entries.forEach(({ seq }, index) => {
    if (isKernelError(made[index])) journal.unmade(seq);
  });
  // Nothing can be made in one that could not be opened: that says more than what came of trying.
  const unopened = opened.findIndex((result) => isKernelError(result));
  if (unopened < 0) return made.find(isFailure);
  return made.slice(0, unopened + 1).find(isFailure) ?? opened.find(isFailure);
}

function isFailure(result: unknown): result is KernelError {
  return isKernelError(result);
}

function together<T>(steps: readonly Step<T>[]): Step<T[]> {
  const value = steps.at(-1)?.value ?? { result: -1 };
  return { value, decode: (outcome) => steps.map((step) => step.decode(outcome)) };
}

function failureAt(root: Root, path: string, code: 'ENOENT' | 'ENOTDIR'): KernelError {
  const errno = root.system.bindings.errors[code];
  const object = pathIn(root, namesOf(path));
  return new KernelError({ platform: 'freebsd', call: 'mkdirat', object, errno });
}

function missingNames(place: Place): string[] {
  return [...(place.name === undefined ? [] : [place.name]), ...place.missing];
}

/** The names from the root to each directory that is missing, the uppermost first. */
function missingOf(place: Place): string[][] {
  const all = namesTo(place);
  return missingNames(place).map((_, index) => all.slice(0, place.above.length + index + 1));
}

function writeDown(
  root: Root,
  names: readonly string[],
  kind: MadeDetail['kind'],
  journal: Journal,
): { readonly seq: number } {
  const detail: MadeDetail = { root: root.path, path: `/${names.join('/')}`, kind };
  return { seq: journal.making(madeKind, detail) };
}

/**
 * Makes an empty file to mount on inside a root, if nothing is there, with the directories above it that are missing, and
 * writes them down first.
 *
 * @throws KernelError
 */
export async function makeFileIn(root: Root, path: string, journal: Journal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const missing = await visit(root, path, async (place, release) => {
      if (place.status !== undefined || place.name === undefined) return undefined;
      if (place.missing.length > 0) return `/${namesTo(place).slice(0, -1).join('/')}`;
      await makeFile(root, place, place.name, release, journal);
      return undefined;
    });
    if (missing === undefined) return;
    // Whoever removes them again, time after time, does it on purpose.
    if (attempt === maxAttempts) throw failureAt(root, path, 'ENOENT');
    await makeDirectoryIn(root, missing, 0o755, journal);
  }
}

async function makeFile(
  root: Root,
  place: Place,
  name: string,
  release: Release,
  journal: Journal,
): Promise<void> {
  const { seq } = writeDown(root, namesTo(place), 'file', journal);
  const { made } = await run(root.system, (b) => {
    const create = { mode: 0o644, exclusive: true };
    const object = hostPathOf(root, place);
    const file = b.attempt(() => openIn(b, place.directory, name, { access: 'write', create, object }));
    b.temporary(file.value);
    return { made: file, released: release(b) };
  });
  if (!isKernelError(made)) return;
  journal.unmade(seq);
  if (made.code !== 'EEXIST') throw made;
}

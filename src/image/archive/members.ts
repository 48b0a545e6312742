import { posix } from 'node:path';
import { ImageError } from '../error.js';

const most = 100_000;
const longest = 1000;

/** Links to links, at most. */
const deepest = 8;

/**
 * The members of an archive by name. They become no files: names and links are looked up here and nowhere else, so that
 * one which leads out of the archive leads nowhere; but such an archive is refused, since somebody meant it.
 */
export class Members<T> {
  readonly #names = new Set<string>();
  readonly #found = new Map<string, T>();
  readonly #links = new Map<string, string>();
  readonly #directories = new Set<string>();

  /**
   * Takes a name for a member.
   *
   * @returns the name without what may be left out
   * @throws ImageError invalid: it leads out of the archive, or is taken
   */
  takeName(name: string): string {
    const plain = this.#within(name, name);
    if (this.#names.has(plain)) throw this.#invalid(`${shown(name)} is there twice`);
    if (this.#names.size >= most) throw this.#invalid(`there are more than ${most} members`);
    this.#names.add(plain);
    return plain;
  }

  add(name: string, value: T): void {
    this.#found.set(name, value);
  }

  /** Directories may be told several times. */
  addDirectory(name: string): void {
    const plain = this.#within(name, name);
    if (!this.#directories.has(plain)) this.#directories.add(this.takeName(name));
  }

  /** @param target as a symbolic link has it, relative to the link's directory; or, of a hard link, to the archive */
  addLink(name: string, target: string, hard: boolean): void {
    const path = hard ? target : posix.join(posix.dirname(name), target);
    if (target.startsWith('/')) throw this.#invalid(`${shown(name)} is a link out of the archive`);
    this.#links.set(name, this.#within(path, name));
  }

  get(name: string): T | undefined {
    let plain = this.#within(name, name);
    for (let depth = 0; depth <= deepest; depth++) {
      const found = this.#found.get(plain);
      if (found !== undefined) return found;
      const next = this.#links.get(plain);
      if (next === undefined) return undefined;
      plain = next;
    }
    throw this.#invalid(`${shown(name)} is a link to a link, more than ${deepest} times`);
  }

  /** @throws ImageError invalid, saying who wants it */
  require(name: string, whose: string): T {
    const found = this.get(name);
    if (found === undefined) throw this.#invalid(`${whose} refers to ${shown(name)}, which is missing`);
    return found;
  }

  #within(path: string, name: string): string {
    if (path.length > longest) throw this.#invalid(`a name of ${path.length} characters`);
    if (path.includes('\0')) throw this.#invalid(`the name ${shown(name)} holds a NUL`);
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    if (path.startsWith('/') || parts.includes('..')) {
      throw this.#invalid(`${shown(name)} leads out of the archive`);
    }
    return parts.join('/');
  }

  #invalid(why: string): ImageError {
    return new ImageError('invalid', why);
  }
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 120));

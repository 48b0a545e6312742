import { contentsOf, requireAccess } from './file-tree.js';
import { fail } from './failure.js';
import { above, samePlace, uncovered, type Place } from './place.js';
import type { Process } from './process.js';
import type { System } from './system.js';

// MAXSYMLINKS of sys/param.h
const maxSymlinks = 32;
const maxName = 255;

/** What a path leads to. */
export interface Found {
  /** The directory that the last name is in. */
  readonly directory: Place;
  readonly name: string;
  /** Undefined if there is no such name in the directory. */
  readonly place: Place | undefined;
  /** The path ended in a slash. */
  readonly slash: boolean;
}

/**
 * Finds what a path leads to, as namei(9) does.
 *
 * @param start where a relative path begins
 * @param follow whether a symbolic link that the path ends in is followed
 * @param beneath whether the path, and symbolic links in it, may not lead above `start`: ENOTCAPABLE
 */
export function lookup(
  system: System,
  process: Process,
  start: Place,
  path: string,
  follow: boolean,
  beneath = false,
): Found {
  return new Walk(system, process, beneath ? start : undefined).find(start, path, follow);
}

/** As `lookup`, but ENOENT if there is nothing. */
export function lookupExisting(
  system: System,
  process: Process,
  start: Place,
  path: string,
  follow: boolean,
): Place {
  return lookup(system, process, start, path, follow).place ?? fail('ENOENT');
}

class Walk {
  readonly #system: System;
  readonly #process: Process;
  /** What may not be left. */
  readonly #top: Place | undefined;
  #links = 0;

  constructor(system: System, process: Process, top: Place | undefined) {
    this.#system = system;
    this.#process = process;
    this.#top = top;
  }

  find(start: Place, path: string, follow: boolean): Found {
    if (path === '') fail('ENOENT');
    if (Buffer.byteLength(path) >= 1024) fail('ENAMETOOLONG');
    const absolute = path.startsWith('/');
    if (absolute && this.#top !== undefined) fail('ENOTCAPABLE');
    let directory = absolute ? this.#process.root : start;
    if (directory.mount.dead) fail(absolute ? 'ENOENT' : 'ENOTDIR');
    const names = path.split('/').filter((name) => name !== '');
    const slash = path.endsWith('/');
    if (names.length === 0) return { directory, name: '.', place: this.#seen(directory), slash };
    for (const [index, name] of names.entries()) {
      const last = index === names.length - 1;
      const found = this.#step(directory, name, !last || follow || slash);
      if (last) {
        if (slash && found.place !== undefined && found.place.node.kind !== 'directory') fail('ENOTDIR');
        return { ...found, slash };
      }
      directory = found.place ?? fail('ENOENT');
      if (directory.node.kind !== 'directory') fail('ENOTDIR');
    }
    return fail('ENOENT');
  }

  #step(directory: Place, name: string, follow: boolean): Omit<Found, 'slash'> {
    const { node, mount } = directory;
    if (node.kind !== 'directory') fail('ENOTDIR');
    if (Buffer.byteLength(name) > maxName) fail('ENAMETOOLONG');
    if (mount.lower?.mount.dead === true) fail('EBADF');
    if (node.removed) fail('ENOENT');
    requireAccess(node, this.#process, 1);
    const place = this.#child(directory, name);
    if (place === undefined) return { directory, name, place };
    if (place.node.kind === 'symlink' && follow) return this.#follow(directory, name, place);
    return { directory, name, place };
  }

  #child(directory: Place, name: string): Place | undefined {
    if (name === '.') return this.#seen(directory);
    if (name === '..') {
      if (this.#top !== undefined && samePlace(directory, this.#top)) fail('ENOTCAPABLE');
      if (samePlace(directory, this.#process.root)) return directory;
      return this.#seen(above(directory) ?? directory);
    }
    const node = contentsOf(directory.node).lookup(name, this.#process);
    if (node === undefined) return undefined;
    const { mount } = directory;
    if (mount.lower !== undefined && node === mount.covered?.node) mount.lookedUpOwnCover = true;
    return this.#seen({ mount, node });
  }

  #follow(directory: Place, name: string, link: Place): Omit<Found, 'slash'> {
    if (link.mount.noSymlinkFollow) fail('EACCES');
    this.#links++;
    if (this.#links > maxSymlinks) fail('ELOOP');
    if (link.node.target === '') return { directory, name, place: undefined };
    return this.find(directory, link.node.target, true);
  }

  #seen(place: Place): Place {
    return uncovered(this.#system.mounts.list, place);
  }
}

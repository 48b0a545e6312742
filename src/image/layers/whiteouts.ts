import { lstatSync } from 'node:fs';
import type { FileCalls } from '../../kernel/files.js';
import { nativePath, pathBytes } from './bytes.js';
import { namesIn, removeTree } from './remove.js';
import type { Tree } from './tree.js';

/** Does what a layer's whiteouts say about lower layers, and only about those: image-spec layer.md, "Whiteouts". Paths are those of the tree. */
export interface Whiteouts {
  /** one name */
  hide(path: string): void;
  /** all in a directory */
  hideAll(directory: string): void;
  /** sets what can be set only when all is there */
  finish(): void;
}

/** For a tree that has lower layers in it: removes. */
export function removingWhiteouts(tree: Tree, files: FileCalls): Whiteouts {
  const hideAll = (directory: string): void => {
    for (const name of namesIn(tree.absolute(directory)))
      hide(directory === '' ? name : `${directory}/${name}`);
  };
  const hide = (path: string): void => {
    const absolute = tree.absolute(path);
    const stats = lstatSync(nativePath(absolute), { throwIfNoEntry: false });
    if (stats === undefined) return;
    if (tree.isPut(path)) {
      if (stats.isDirectory()) hideAll(path);
      return;
    }
    if (stats.isDirectory()) tree.forget();
    removeTree(files, absolute);
  };
  return { hide, hideAll, finish: () => undefined };
}

/** For a layer that is unpacked for itself, to be a lower or upper directory of Linux's overlay: notes it in its way (overlayfs.rst, "whiteouts and opaque directories"). */
export function overlayWhiteouts(tree: Tree, files: FileCalls): Whiteouts {
  const opaque = new Set<string>();
  return {
    hide: (path) => {
      const absolute = tree.absolute(path);
      if (tree.isPut(path)) {
        if (lstatSync(nativePath(absolute), { throwIfNoEntry: false })?.isDirectory() === true)
          opaque.add(path);
        return;
      }
      const stats = lstatSync(nativePath(absolute), { throwIfNoEntry: false });
      if (stats !== undefined) {
        if (stats.isDirectory()) tree.forget();
        removeTree(files, absolute);
      }
      files.makeDevice(pathBytes(absolute), 'character', 0, 0);
    },
    hideAll: (directory) => {
      opaque.add(directory);
    },
    finish: () => {
      for (const path of opaque) {
        if (!tree.isDirectory(path)) continue;
        files.setAttribute(pathBytes(tree.absolute(path)), 'trusted.overlay.opaque', Buffer.from('y'));
      }
    },
  };
}

import { lstatSync } from 'node:fs';
import type { FileCalls } from '../../kernel/files.js';
import { nativePath, pathBytes } from '../layers/bytes.js';
import type { Lower } from '../layers/tree.js';
import type { Tree } from '../tree/tree.js';
import { copyEntry, finishEntry } from './copy-entry.js';

/**
 * What a layer that is unpacked for itself takes from those below: a directory in which it puts something, with its owner and its
 * mode, or a file that it gives another name. The file is shared: nobody changes unpacked layers.
 *
 * @param below the lower layers merged; its paths are bytes
 */
export function lowerOf(below: Tree, files: FileCalls): Lower {
  return {
    bring: (path, absolute) => {
      const entry = below.lookup(path);
      if (entry === undefined) return false;
      const stats = lstatSync(nativePath(entry.hostPath), { bigint: true });
      if (stats.isDirectory()) {
        copyEntry(files, entry.hostPath, absolute, stats);
        finishEntry(files, absolute, stats);
      } else {
        files.link(pathBytes(entry.hostPath), pathBytes(absolute));
      }
      return true;
    },
  };
}

import { writeFileSync } from 'node:fs';
import { busyboxImage } from './image.js';

/** Writes the tests' image as an archive of an OCI layout to the file that is given: for scripts/demo. */
const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: write-image FILE');
writeFileSync(path, busyboxImage());

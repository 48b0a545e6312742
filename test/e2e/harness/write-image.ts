import { readFileSync, writeFileSync } from 'node:fs';
import { busyboxImage, imageOf } from './image.js';

/**
 * Writes an archive of an OCI layout to the file that is given: the tests' image, for scripts/demo, or with LAYER an image
 * of FreeBSD that has the files of this tar archive, for scripts/smoke-freebsd.
 */
const [path, layer] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: write-image FILE [LAYER]');
const rescue = {
  name: 'docker.io/library/freebsd-rescue:latest',
  os: 'freebsd',
  config: { Env: ['PATH=/rescue'], Cmd: ['/rescue/sh'], WorkingDir: '/' },
} as const;
writeFileSync(path, layer === undefined ? busyboxImage() : imageOf(readFileSync(layer), rescue));

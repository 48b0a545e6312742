// Prints the path of the zig program that FreeBSD 14's headers come with, installing it if need be. Exit status 69 if that
// cannot be.
import console from 'node:console';
import process from 'node:process';
import { obtainZig, Unobtainable, zigVersions } from './zig.js';

try {
  console.log(obtainZig(zigVersions[14]));
} catch (error) {
  console.error(`obtain-zig: ${error.message}`);
  process.exitCode = error instanceof Unobtainable ? 69 : 1;
}

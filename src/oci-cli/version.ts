import { readFeatures } from './features.js';
import type { Program } from './program.js';

/** What is newer than 1.0 may be refused by a program that knows no other, as crun 1.8 does: "unknown version specified". */
export function isBeyondFirst(ociVersion: string): boolean {
  return minor(ociVersion) > 0;
}

/** Whether the program says of itself that it knows specs of this version; one that has no `features` knows 1.0. */
export async function knowsVersion(program: Program, ociVersion: string): Promise<boolean> {
  const { ociVersionMax } = (await readFeatures(program)) as { ociVersionMax?: unknown };
  return minor(typeof ociVersionMax === 'string' ? ociVersionMax : '1.0') >= minor(ociVersion);
}

/** The second number of a version; its first one is 1 (`parseSpec`). */
function minor(version: string): number {
  return Number(/^1\.(\d+)/.exec(version)?.[1] ?? 0);
}

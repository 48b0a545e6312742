import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UINT64_MAX, type Int64 } from '../../proto/int64.js';

/**
 * The text of a cgroup's file, or undefined if this kernel has no such file. Read synchronously: these
 * files are made in memory when read, and a turn through the thread pool costs more than the reading.
 */
export function readCgroupFile(folder: string | undefined, name: string): string | undefined {
  if (folder === undefined) return undefined;
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EOPNOTSUPP and ENODEV: the file of a feature that is switched off; the latter also of a cgroup being removed.
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'EOPNOTSUPP' || code === 'ENOTSUP')
      return undefined;
    throw error;
  }
}

/** A number, `max` being the largest of 64 bits as the messages want it. */
export function parseCount(text: string | undefined): Int64 {
  const trimmed = text?.trim() ?? '';
  if (trimmed === 'max') return UINT64_MAX;
  if (!/^-?\d+$/.test(trimmed)) return 0;
  const whole = BigInt(trimmed);
  if (whole < 0n) return UINT64_MAX;
  return whole <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(whole) : whole;
}

/** The lines `name value` of a file, such as memory.stat. */
export function parseTable(text: string | undefined): (name: string) => Int64 {
  const values = new Map<string, Int64>();
  for (const line of text?.split('\n') ?? []) {
    const [name, value] = line.split(' ');
    if (name !== undefined && value !== undefined) values.set(name, parseCount(value));
  }
  return (name) => values.get(name) ?? 0;
}

/** The pids in a cgroup and in all below it; none if it is gone. */
export function readProcesses(folder: string): number[] {
  const text = readCgroupFile(folder, 'cgroup.procs');
  if (text === undefined) return [];
  const pids = text
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...pids, ...below.flatMap(({ name }) => readProcesses(join(folder, name)))];
}

import { readFileSync } from 'node:fs';

/** One line of the mount table: proc_pid_mountinfo(5). */
export interface MountEntry {
  readonly id: number;
  readonly parent: number;
  /** Device number, "major:minor". */
  readonly device: string;
  /** The directory within the file system that is the mount's root. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  /** Propagation: "shared:1", "master:2", "unbindable" and so on. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** The mounts of this process's namespace, in the order they were made below each other. */
export function readMountTable(path = '/proc/self/mountinfo'): MountEntry[] {
  return parseMountTable(readFileSync(path, 'utf8'));
}

/** @throws Error on a line that is not as proc_pid_mountinfo(5) says. */
export function parseMountTable(text: string): MountEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine);
}

function parseLine(line: string): MountEntry {
  const fields = line.split(' ');
  // A variable number of optional fields ends with a lone hyphen.
  const hyphen = fields.indexOf('-', 6);
  const [id, parent, device, root, mountPoint, options] = fields;
  const [type, source, superOptions] = hyphen < 0 ? [] : fields.slice(hyphen + 1);
  if (
    id === undefined ||
    parent === undefined ||
    device === undefined ||
    root === undefined ||
    mountPoint === undefined ||
    options === undefined ||
    type === undefined ||
    source === undefined
  ) {
    throw new Error(`mount table: line not understood: ${line}`);
  }
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unescape(root),
    mountPoint: unescape(mountPoint),
    options: options.split(','),
    propagation: fields.slice(6, hyphen),
    type: unescape(type),
    source: unescape(source),
    superOptions: superOptions === undefined || superOptions === '' ? [] : superOptions.split(','),
  };
}

// The kernel writes space, tab, newline, backslash and # as a backslash and three octal digits.
function unescape(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

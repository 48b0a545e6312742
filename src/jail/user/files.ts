/** The most bytes that are read of an image's passwd(5) or group(5). */
export const longestUserFile = 4 * 1024 * 1024;

/** A line of passwd(5). */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** as it stands there, perhaps empty */
  readonly home: string;
}

/** A line of group(5). */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** The users of a passwd(5). Lines that are malformed, comments or of NIS are passed over, as getpwent(3) does. */
export function* passwdEntries(text: string): Generator<PasswdEntry> {
  for (const [name, , uid = '', gid = '', , home = '', ...rest] of lines(text)) {
    const ids = [idOf(uid), idOf(gid)] as const;
    if (name === undefined || name === '' || rest.length > 1) continue;
    if (ids[0] !== undefined && ids[1] !== undefined) yield { name, uid: ids[0], gid: ids[1], home };
  }
}

/** The groups of a group(5), read as leniently. */
export function* groupEntries(text: string): Generator<GroupEntry> {
  for (const [name, , gid = '', members = '', ...rest] of lines(text)) {
    const id = idOf(gid);
    if (name === undefined || name === '' || id === undefined || rest.length > 0) continue;
    yield { name, gid: id, members: members.split(',').map((one) => one.trim()) };
  }
}

/** Every line in its parts, one at a time: the file is the image's, and may have millions. */
function* lines(text: string): Generator<string[]> {
  for (let start = 0; start < text.length;) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const line = text.slice(start, end).replace(/\r$/, '');
    start = end + 1;
    if (!/^[#+-]/.test(line) && !line.includes('\0')) yield line.split(':');
  }
}

/** A user or group id in decimal digits; undefined for what is none. 2^32 - 1 is none, as chown(2) has it. */
export function idOf(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= 0xffff_fffe ? id : undefined;
}

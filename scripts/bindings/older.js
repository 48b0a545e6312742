// Reads native/bindings-older.list and makes the tables of the releases that it describes out of FreeBSD 14's.
import { has } from './list.js';

/** @returns {{ release: number, architectures: string[], headers: string, changes: [string, string, string][] }[]} */
export function parseOlder(text) {
  const releases = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/#.*/, '').trim();
    if (line === '') continue;
    const [keyword, ...words] = line.split(/\s+/);
    const current = releases.at(-1);
    if (keyword === 'release') {
      releases.push({ release: Number(words[0]), architectures: words.slice(1), headers: '', changes: [] });
    } else if (current !== undefined && keyword === 'headers') {
      current.headers = words.join(' ');
    } else if (current !== undefined && (keyword === 'set' || keyword === 'size') && words.length === 2) {
      current.changes.push([keyword, words[0], words[1]]);
    } else {
      throw new Error(`bindings-older.list:${index + 1}: ${keyword} is not understood`);
    }
  }
  return releases;
}

/** The values of an older release: those of `base` without the names that it lacks, and changed as its list says. */
export function derive(list, base, { release, changes }) {
  const values = {
    osreldate: release * 100000,
    layouts: new Map(pick(list.structures, release, base.layouts, ({ name }) => name)),
    constants: new Map(
      pick(list.constants, release, base.constants, ({ table, name }) => `${table}.${name}`),
    ),
  };
  for (const [keyword, name, value] of changes) {
    const table = keyword === 'set' ? values.constants : values.layouts;
    if (!table.has(name)) throw new Error(`bindings-older.list: release ${release} has no ${name}`);
    table.set(name, keyword === 'set' ? Number(value) : { ...table.get(name), size: Number(value) });
  }
  return values;
}

function pick(listed, release, from, keyOf) {
  return listed
    .filter(({ releases }) => has(releases, release))
    .map((entry) => {
      const key = keyOf(entry);
      if (!from.has(key)) throw new Error(`${key}: release ${release} has it, but release 14 does not`);
      return [key, from.get(key)];
    });
}

// Reads native/bindings.list; its head describes the form.

/**
 * @typedef {{ from: number, before: number }} Releases which major releases have a name: from <= release < before
 * @typedef {{ name: string, expression: string }} Field
 * @typedef {{ name: string, type: string, releases: Releases, fields: Field[] }} Structure
 * @typedef {{ name: string, expression: string, releases: Releases, table: string, title: string }} Constant
 * @typedef {{ headers: string[], structures: Structure[], constants: Constant[] }} List
 */

/** @returns {List} */
export function parseList(text) {
  const list = { headers: [], structures: [], constants: [] };
  let section;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/#.*/, '').trimEnd();
    if (line === '') continue;
    try {
      if (/^\s/.test(line)) section(line.trim().split(/\s+/));
      else section = openSection(list, line);
    } catch (error) {
      throw new Error(`bindings.list:${index + 1}: ${error.message}`, { cause: error });
    }
  }
  refuseRepetitions(list);
  return list;
}

/** Whether a release has the name that these releases belong to. */
export function has(releases, release) {
  return release >= releases.from && release < releases.before;
}

/** Whether there is a release that lacks the name. */
export function isGated(releases) {
  return releases.from > 0 || releases.before < Infinity;
}

const everyRelease = { from: 0, before: Infinity };

function openSection(list, line) {
  const [keyword, name, ...rest] = line.split(/\s+/);
  switch (keyword) {
    case 'headers':
      return (words) => list.headers.push(...words);
    case 'struct':
    case 'type': {
      const type = keyword === 'struct' ? `struct ${name}` : name;
      const structure = { name, type, releases: parseReleases(rest[0]) ?? everyRelease, fields: [] };
      list.structures.push(structure);
      return (words) => structure.fields.push(...words.map(parseEquation));
    }
    case 'constants': {
      const [title, table] = line.slice('constants '.length).split(' into ');
      return (words) => addConstants(list, words, { title, table: table ?? 'constants' });
    }
    case 'syscalls':
      return (words) => addConstants(list, words, { title: 'system calls', table: 'syscalls' });
    default:
      throw new Error(`unknown section ${keyword}`);
  }
}

function addConstants(list, words, place) {
  let releases = everyRelease;
  for (const word of words) {
    const gate = parseReleases(word);
    if (gate !== undefined) {
      releases = gate;
      continue;
    }
    const { name, expression } = parseEquation(word);
    const macro = place.table === 'syscalls' ? `SYS_${expression}` : expression;
    list.constants.push({ name, expression: macro, releases, ...place });
  }
}

function parseEquation(word) {
  const [name, expression = name] = word.split('=');
  return { name, expression };
}

function parseReleases(word) {
  const match = /^(>=|<)(\d+)$/.exec(word ?? '');
  if (match === null) return undefined;
  return match[1] === '<'
    ? { from: 0, before: Number(match[2]) }
    : { from: Number(match[2]), before: Infinity };
}

function refuseRepetitions(list) {
  const seen = new Set();
  for (const { name, table = 'layouts' } of [...list.structures, ...list.constants]) {
    const key = `${table}.${name}`;
    if (seen.has(key)) throw new Error(`bindings.list: ${key} is listed twice`);
    seen.add(key);
  }
}

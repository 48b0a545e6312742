// Writes values as TypeScript: common.ts holds those of one release, and a file for each release and processor says
// where it differs. common.ts has no syntax that JavaScript lacks, so that `readCommon` can read it back.
import { isGated } from './list.js';

const width = 110;

/** The tables of constants, in the order in which they are written. */
const tables = ['constants', 'errors', 'signals', 'syscalls'];

const written = '// Written by scripts/generate-bindings from native/bindings.list; not to be edited.';

const helpers = "import { bytes, gated, gatedLayout, layout, scalar } from './table.js';";

/** @returns {string} common.ts */
export function commonModule(list, values, headers) {
  const lines = [
    written,
    `// The values of ${headers}. Undefined: other releases have it.`,
    helpers,
    '',
    '// prettier-ignore',
    'export const layouts = {',
  ];
  for (const structure of list.structures) {
    const found = values.layouts.get(structure.name);
    if (found === undefined)
      throw new Error(`${structure.name}: common.ts cannot state a structure it lacks`);
    const text = layoutText(structure.name, found);
    const gatedText = isGated(structure.releases) ? `gatedLayout(${text})` : text;
    lines.push(...wrap(`  ${structure.name}: ${gatedText},`, '    '));
  }
  lines.push('};');
  for (const table of tables) {
    lines.push('', '// prettier-ignore', `export const ${table} = {`);
    const entries = list.constants.filter((constant) => constant.table === table);
    for (const title of new Set(entries.map((entry) => entry.title))) {
      if (title !== table && table === 'constants') lines.push(`  // ${title}`);
      const texts = entries
        .filter((entry) => entry.title === title)
        .map((entry) => {
          const text = literal(values.constants.get(`${table}.${entry.name}`), table);
          return `${entry.name}: ${isGated(entry.releases) ? `gated(${text})` : text},`;
        });
      lines.push(...wrap(`  ${texts.join(' ')}`, '  '));
    }
    lines.push('};');
  }
  return [...lines, ''].join('\n');
}

/** @returns {string} the file of one release and processor, by what differs from `common` */
export function releaseModule(common, values, { release, arch, headers }) {
  const [own, base] = [flatLayouts(values), flatLayouts(common)];
  const layoutChanges = changed(base, own).map((name) => {
    const [from, to] = [common.layouts.get(name), values.layouts.get(name)];
    if (to === undefined) return `${name}: undefined`;
    return layoutText(name, { ...from, size: to.size }) === layoutText(name, to)
      ? `${name}: { ...layouts.${name}, size: ${to.size} }`
      : `${name}: ${layoutText(name, to)}`;
  });
  const changes = new Map([['layouts', layoutChanges]]);
  for (const table of tables) {
    const names = changed(common.constants, values.constants).filter((name) => name.startsWith(`${table}.`));
    const texts = names.map((key) => {
      return `${key.slice(table.length + 1)}: ${literal(values.constants.get(key), table)}`;
    });
    changes.set(table, texts);
  }
  const body = [...changes].map(([table, texts]) => {
    return texts.length === 0 ? `  ${table},` : `  ${table}: { ...${table}, ${texts.join(', ')} },`;
  });
  const used = ['bytes', 'layout', 'scalar'].filter((name) => body.some((line) => line.includes(`${name}(`)));
  return [
    written,
    "import { constants, errors, layouts, signals, syscalls } from './common.js';",
    ...(used.length > 0 ? [`import { ${used.join(', ')} } from './table.js';`] : []),
    "import type { Bindings } from './types.js';",
    '',
    '// prettier-ignore',
    `export const freebsd${release}${arch === 'amd64' ? 'Amd64' : 'Arm64'}: Bindings = {`,
    `  release: ${release},`,
    `  arch: '${arch}',`,
    headersLine(headers),
    ...body.flatMap((line) => wrap(line, '    ')),
    '};',
    '',
  ].join('\n');
}

/** The one line of a release's file that may differ without a value differing. */
export function headersLine(headers) {
  return `  headers: '${headers}',`;
}

/** Reads common.ts back. */
export async function readCommon(text) {
  const standIns = [
    'const scalar = (kind, offset) => [kind, { kind, offset }];',
    "const bytes = (offset, size) => ['bytes', { kind: 'bytes', offset, size }];",
    'const layout = (name, size, alignment, fields) => ({ size, alignment, fields });',
    'const gated = (value) => value; const gatedLayout = gated;',
  ].join(' ');
  const module = text.replace(helpers, standIns);
  const read = await import(`data:text/javascript,${encodeURIComponent(module)}`);
  const layouts = Object.entries(read.layouts).map(([name, { fields, ...rest }]) => {
    return [
      name,
      { ...rest, fields: new Map(Object.entries(fields).map(([key, [, value]]) => [key, value])) },
    ];
  });
  const constants = tables.flatMap((table) => {
    return Object.entries(read[table])
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [`${table}.${name}`, value]);
  });
  return { layouts: new Map(layouts), constants: new Map(constants) };
}

/** Says for each name that has not the same value everywhere what it is, one line a name. */
export function differences(sets) {
  const flat = sets.map(({ values }) => new Map([...flatLayouts(values), ...values.constants]));
  const names = new Set(flat.flatMap((set) => [...set.keys()]));
  const lines = [];
  for (const name of names) {
    const titles = new Map();
    for (const [index, set] of flat.entries()) {
      const text = set.has(name) ? literal(set.get(name), name.split('.')[0]) : 'absent';
      titles.set(text, [...(titles.get(text) ?? []), sets[index].title]);
    }
    if (titles.size === 1) continue;
    lines.push(`${name}: ${[...titles].map(([text, those]) => `${text} (${those.join(' ')})`).join(', ')}`);
  }
  return lines;
}

function changed(from, to) {
  const names = new Set([...from.keys(), ...to.keys()]);
  return [...names].filter((name) => from.get(name) !== to.get(name));
}

function flatLayouts({ layouts }) {
  return new Map([...layouts].map(([name, value]) => [name, layoutText(name, value)]));
}

function layoutText(name, { size, alignment, fields }) {
  const texts = [...fields].map(([key, { kind, offset, size: bytes }]) => {
    return kind === 'bytes' ? `${key}: bytes(${offset}, ${bytes})` : `${key}: scalar('${kind}', ${offset})`;
  });
  const body = texts.length === 0 ? '{}' : `{ ${texts.join(', ')} }`;
  return `layout('${name}', ${size}, ${alignment}, ${body})`;
}

function literal(value, table) {
  if (typeof value === 'bigint') return `0x${value.toString(16)}n`;
  if (typeof value === 'number' && value >= 256 && table === 'constants') return `0x${value.toString(16)}`;
  return String(value);
}

/** Breaks a line that is too long before the name of an entry; what follows is indented. */
function wrap(line, indent) {
  const lines = [];
  let current = '';
  for (const part of line.split(/(?<=[,{]) (?=\w+: )/)) {
    if (current !== '' && current.length + 1 + part.length > width) {
      lines.push(current);
      current = `${indent}${part}`;
    } else {
      current = current === '' ? part : `${current} ${part}`;
    }
  }
  return [...lines, current];
}

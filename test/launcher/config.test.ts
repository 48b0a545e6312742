import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'smol-toml';
import { chooseSeed, createRandom } from '../proto/random.js';
import { drive, shown } from './driver.js';
import { mutate } from './mutate.js';

interface Config {
  grouping?: string;
  socket_dir?: string;
  run_dir?: string;
  node?: string;
}

const groupings = ['all', 'namespace', 'pod'];

function line({ grouping = 'all', socket_dir, run_dir, node }: Config): string {
  return `ok ${groupings.indexOf(grouping)}${[socket_dir, run_dir, node].map(shown).join('')}`;
}

const understood: [string, string, Config][] = [
  ['nothing', '', {}],
  ['a basic string', 'grouping = "pod"', { grouping: 'pod' }],
  ['a literal string', "node = '/opt/node\\1'\n", { node: '/opt/node\\1' }],
  ['escapes', 'node = "/\\u006eode\\U0001F980\\t\\"\\\\"', { node: '/node🦀\t"\\' }],
  ['escapes of TOML 1.1', 'node = "/\\e\\x7E"', { node: '/\u001b~' }],
  ['no blanks', 'run_dir="/r"#comment', { run_dir: '/r' }],
  ['blanks and comment', '\t grouping  =\t"namespace" # why\r\n', { grouping: 'namespace' }],
  ['a hash sign in a string', 'node = "/a#b" # "c', { node: '/a#b' }],
  ['a quoted key', '"grouping" = "pod"\n\'node\' = "/n"', { grouping: 'pod', node: '/n' }],
  ['paths are cleaned', 'run_dir = "/var//run/./x/../y/"', { run_dir: '/var/run/y' }],
  ['other keys', 'idle_seconds = 30\nlog_level = "info"\ngrouping = "pod"\nx.y = 1', { grouping: 'pod' }],
  ['not after a table', 'node = "/n"\n[jail]\ngrouping = "pod"', { node: '/n' }],
  ['nor after an array of tables', '[[jail]]\ngrouping = 7', {}],
  ['dotted keys', 'node.grouping = "x"\ngrouping.node = 1\n', {}],
  ['key within a multi-line string', 'x = """\ngrouping = "no"\\""""\nnode = "/n"', { node: '/n' }],
  ['key within a literal one', "x = '''\ngrouping = 'no'\n''''\nnode = '/n'", { node: '/n' }],
  ['key within an array', 'x = [ # [\n  "grouping",\n  [1],\n]\ngrouping = "pod"', { grouping: 'pod' }],
  ['key within an inline table', 'x = { grouping = "no", y = "}" }\nnode = "/n"', { node: '/n' }],
  ['lines that are not TOML', 'nonsense\n= 3\n"open\n]\n\u0001\nnode = "/n"', { node: '/n' }],
];

for (const [name, text, config] of understood) {
  test(`configuration: ${name}`, () => {
    assert.deepEqual(drive('toml', [text]), [line(config)]);
  });
}

const refused: [string, string][] = [
  ['grouping = 1', 'shim.toml:1: the value of grouping is not a string on one line'],
  ['\n\nnode = "/n', 'shim.toml:3: the value of node is not a string on one line'],
  ['node = "/n" x', 'shim.toml:1: the value of node is not a string on one line'],
  ['node = "/\\x"', 'shim.toml:1: the value of node is not a string on one line'],
  ['node = "/\\u0000"', 'shim.toml:1: the value of node is not a string on one line'],
  ['node = "/\\ud800"', 'shim.toml:1: the value of node is not a string on one line'],
  ['node = "/\\U00110000"', 'shim.toml:1: the value of node is not a string on one line'],
  ['node = "/\0"', 'shim.toml:1: the value of node is not a string on one line'],
  ['node = """/n"""', 'shim.toml:1: the value of node is not a string on one line'],
  ['grouping =', 'shim.toml:1: the value of grouping is not a string on one line'],
  ['x = [\n1,\n]\nnode = "n"', 'shim.toml:4: node is "n": it must be an absolute path'],
  ['socket_dir = ""', 'shim.toml:1: socket_dir is "": it must be an absolute path'],
  ['grouping = "Pod"', 'shim.toml:1: grouping is "Pod": it must be "all", "namespace" or "pod"'],
  ['node = "/a"\nnode = "/b"', 'shim.toml:2: node is given twice'],
];

for (const [text, message] of refused) {
  test(`configuration refused: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(drive('toml', [text]), [`failed ${message}`]);
  });
}

test('what the daemon accepts, the launcher reads in the same way', () => {
  const seed = chooseSeed();
  const random = createRandom(seed);
  const samples = [...understood.map(([, text]) => text), ...refused.map(([text]) => text)];
  const texts = Array.from({ length: 20_000 }, () => {
    const sample = Buffer.from(
      `${samples[random(samples.length)] ?? ''}\n${samples[random(samples.length)] ?? ''}`,
    );
    // latin1: the mutants must stay valid UTF-8 for the other parser
    return mutate(random, sample)
      .toString('latin1')
      .replace(/[^\0-~]/g, '~');
  });
  const found = drive('toml', texts);
  let compared = 0;
  texts.forEach((text, index) => {
    const expected = expectedLine(text);
    // Strings of three quotes are the one thing that TOML allows and the launcher does not.
    if (expected === undefined || /(grouping|_dir|node)\W*=\s*("""|''')/.test(text)) return;
    compared += 1;
    assert.equal(found[index], expected, `SEED=${seed} ${JSON.stringify(text)}`);
  });
  console.log(
    `SEED=${seed}: ${compared} of ${texts.length} were TOML with the launcher's keys as they should be`,
  );
  assert.ok(compared > 100);
});

/** What the launcher should say of a file that is right, undefined if it is not. */
function expectedLine(text: string): string | undefined {
  let table: Record<string, unknown>;
  try {
    table = parse(text.replace(/^[ \t\r]*\[[^]*/m, ''));
  } catch {
    return undefined; // not TOML: the launcher may say so or pass over it
  }
  const { grouping, ...paths } = table;
  if (grouping !== undefined && !(typeof grouping === 'string' && groupings.includes(grouping)))
    return undefined;
  const config: Config = grouping === undefined ? {} : { grouping };
  for (const key of ['socket_dir', 'run_dir', 'node'] as const) {
    const path = paths[key];
    if (path === undefined) continue;
    if (typeof path !== 'string' || !path.startsWith('/') || /\/[./]|\/$|\0/.test(path)) return undefined;
    config[key] = path;
  }
  return line(config);
}

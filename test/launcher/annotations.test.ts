import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseSeed, createRandom } from '../proto/random.js';
import { drive, shown } from './driver.js';
import { mutate } from './mutate.js';

const group = 'io.containerd.runc.v2.group';
const sandbox = 'io.kubernetes.cri.sandbox-id';

function line(groupValue?: string, sandboxValue?: string): string {
  return `ok${shown(groupValue)}${shown(sandboxValue)}`;
}

const read: [string, string, string][] = [
  ['no annotations', '{}', line()],
  ['null annotations', '{"annotations":null}', line()],
  ['empty annotations', ' { "annotations" : { } } ', line()],
  ['a group', `{"annotations":{"${group}":"g","x":[1,{"${sandbox}":"no"}]}}`, line('g')],
  ['a sandbox', `{"a":[{}],"annotations":{"${sandbox}":"s"},"b":-0.5e+7}`, line(undefined, 's')],
  ['both', `{"annotations":{"${sandbox}":"s","${group}":"g"}}`, line('g', 's')],
  ['an empty group', `{"annotations":{"${group}":""}}`, line('')],
  ['annotations elsewhere', `{"process":{"annotations":{"${group}":"g"}}}`, line()],
  [
    'an escaped key',
    `{"annotat\\u0069ons":{"io.containerd.runc.v2\\u002egroup":"\\u00e9\\ud83e\\udd80"}}`,
    line('é🦀'),
  ],
  [
    'half a surrogate',
    `{"annotations":{"${group}":"a\\ud800b\\udc00\\ud800\\u0041"}}`,
    line('a\ufffdb\ufffd\ufffdA'),
  ],
  ['simple escapes', `{"annotations":{"${group}":"\\"\\\\\\/\\b\\f\\n\\r\\t"}}`, line('"\\/\b\f\n\r\t')],
  ['the last of two', `{"annotations":{"${group}":"a","${group}":"b"}}`, line('b')],
  [
    'the last of two objects',
    `{"annotations":{"${group}":"a"},"annotations":{"${sandbox}":"b"}}`,
    line(undefined, 'b'),
  ],
  ['a long key', `{"${'x'.repeat(100_000)}":1,"annotations":{"${group}${'x'.repeat(64)}":1}}`, line()],
  ['depth 1000', `{"x":${'['.repeat(1000)}${']'.repeat(1000)},"annotations":{"${group}":"g"}}`, line('g')],
  ['a long value', `{"annotations":{"${group}":"${'g'.repeat(100_000)}"}}`, line('g'.repeat(100_000))],
];

for (const [name, text, expected] of read) {
  test(`annotations: ${name}`, () => {
    assert.deepEqual(drive('json', [text]), [expected]);
  });
}

const refused: [string, RegExp][] = [
  ['', /not JSON: expected an object at byte 0$/],
  ['[]', /expected an object at byte 0$/],
  ['{', /expected a string at byte 1$/],
  ['{"a"', /expected ':' at byte 4$/],
  ['{"a":1', /expected ',' or '}' at byte 6$/],
  ['{"a":1,}', /expected a string at byte 7$/],
  ['{"a":tru}', /expected a value at byte 5$/],
  ['{"a":"\u0001"}', /control character in a string at byte 6$/],
  ['{"a":"\0"}', /control character in a string at byte 6$/],
  ['{"a":1}\0', /text after the end at byte 7$/],
  ['{"a":1}}', /text after the end at byte 7$/],
  ['{"a":"\\x"}', /bad escape at byte 7$/],
  ['{"a":"\\u12g4"}', /bad \\u escape at byte 10$/],
  ['{"a":"\\u', /bad \\u escape at byte 8$/],
  ['{"a":"\\', /bad escape at byte 7$/],
  ['{"a":"', /unfinished string at byte 6$/],
  ['{"a":01}', /expected ',' or '}' at byte 6$/],
  ['{"a":-}', /bad number at byte 6$/],
  ['{"a":1.}', /bad number at byte 7$/],
  ['{"a":1e}', /bad number at byte 7$/],
  ['{"a":[1}', /expected ',' or a closing bracket at byte 7$/],
  ['{"a":{"b":1]}', /expected ',' or a closing bracket at byte 11$/],
  ['{"annotations":[]}', /expected an object at byte 15$/],
  [`{"annotations":{"${group}":1}}`, /expected a string at byte 46$/],
  [`{"annotations":{"${group}":"a\\u0000b"}}`, /annotation io\.containerd\.runc\.v2\.group holds a NUL$/],
  [`{"a":${'['.repeat(1001)}`, /nested too deeply at byte 1005$/],
  ['{"a":'.repeat(1_000_000), /nested too deeply/],
  ['\ufeff{}', /expected an object at byte 0$/],
];

for (const [text, message] of refused) {
  test(`annotations refused: ${JSON.stringify(text.slice(0, 60))}`, () => {
    const [answer = ''] = drive('json', [text]);
    assert.match(answer, message);
    assert.match(answer, /^failed config\.json: /);
  });
}

test('hostile files are accepted and refused as JSON.parse does', () => {
  const seed = chooseSeed();
  const random = createRandom(seed);
  const samples = [...read.map(([, text]) => text), ...refused.map(([text]) => text)].filter(
    (text) => text.length < 1000,
  );
  const texts = Array.from({ length: 30_000 }, () => {
    const sample = Buffer.from(samples[random(samples.length)] ?? '');
    return mutate(random, sample)
      .toString('latin1')
      .replace(/[^\0-~]/g, '~');
  });
  const found = drive('json', texts);
  let accepted = 0;
  texts.forEach((text, index) => {
    const expected = expectedLine(text);
    if (expected !== undefined) accepted += 1;
    const answer = found[index] ?? '';
    const context = `SEED=${seed} ${JSON.stringify(text)}: ${answer}`;
    // JSON.parse does not show a value of the wrong type behind which another of its name comes.
    if (answer.startsWith('failed') && /(annotat.*){2}|(group.*){2}|(sandbox.*){2}/s.test(text)) return;
    if (expected === undefined) assert.match(answer, /^failed /, context);
    else assert.equal(answer, expected, context);
  });
  console.log(`SEED=${seed}: ${accepted} of ${texts.length} files were right`);
  assert.ok(accepted > 100);
});

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** undefined for a file that is not JSON, or whose annotations are of another type */
function expectedLine(text: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(parsed)) return undefined;
  const annotations = parsed['annotations'] ?? {};
  if (!isObject(annotations)) return undefined;
  const [groupValue, sandboxValue] = [annotations[group], annotations[sandbox]];
  for (const value of [groupValue, sandboxValue]) {
    if (value !== undefined && (typeof value !== 'string' || value.includes('\0'))) return undefined;
  }
  return line(groupValue as string | undefined, sandboxValue as string | undefined);
}

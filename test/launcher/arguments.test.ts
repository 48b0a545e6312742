import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive, shown, words } from './driver.js';

const start = 1;
const remove = 2;
const info = 3;
const version = 4;
const help = 5;

interface Parsed {
  action: number;
  debug?: boolean;
  namespace?: string;
  id?: string;
  address?: string;
  bundle?: string;
}

function line({ action, debug = false, namespace = '', id = '', address = '', bundle = '' }: Parsed): string {
  return `ok ${action} ${debug ? 1 : 0}${[namespace, id, address, bundle].map(shown).join('')}`;
}

const box = { namespace: 'n', id: 'i', address: '/a' };
const given = ['-namespace', 'n', '-id', 'i', '-address', '/a'];

const understood: [string, string[], Parsed][] = [
  [
    'start of containerd 1.6 to 2.x',
    ['-namespace', 'n', '-address', '/a', '-publish-binary', '/usr/bin/containerd', '-id', 'i', 'start'],
    { action: start, ...box },
  ],
  [
    'start while containerd debugs',
    ['-namespace', 'n', '-address', '/a', '-publish-binary', 'c', '-id', 'i', '-debug', 'start'],
    { action: start, debug: true, ...box },
  ],
  [
    'delete',
    ['-namespace', 'n', '-address', '/a', '-publish-binary', 'c', '-id', 'i', '-bundle', '/b', 'delete'],
    { action: remove, bundle: '/b', ...box },
  ],
  ['two dashes', ['--namespace', 'n', '--id', 'i', '--address', '/a', 'start'], { action: start, ...box }],
  ['equals sign', ['-namespace=n', '--id=i', '-address=/a', 'start'], { action: start, ...box }],
  ['value with equals sign', [...given, '-id=a=b', 'start'], { action: start, ...box, id: 'a=b' }],
  ['value that looks like a flag', [...given, '-id', '-x', 'start'], { action: start, ...box, id: '-x' }],
  ['the last value counts', [...given, '-id', 'j', 'start'], { action: start, ...box, id: 'j' }],
  ['switch with a value', [...given, '-debug=true', 'start'], { action: start, debug: true, ...box }],
  ['switch turned off', [...given, '-debug', '-debug=F', 'start'], { action: start, ...box }],
  ['a switch takes no word', [...given, '-debug', 'start'], { action: start, debug: true, ...box }],
  ['end of flags', [...given, '--', 'start'], { action: start, ...box }],
  ['sockets are accepted', ['-socket', 's', '-debug-socket=t', ...given, 'start'], { action: start, ...box }],
  ['-info', ['-info'], { action: info }],
  ['-v', ['-v'], { action: version }],
  ['-version', ['--version'], { action: version }],
  ['-v counts before all', ['-v', '-info', 'nonsense'], { action: version }],
  ['-h', ['-h'], { action: help }],
  ['-info with the other flags', [...given, '-info'], { action: info, ...box }],
];

for (const [name, flags, parsed] of understood) {
  test(`flags: ${name}`, () => {
    assert.deepEqual(drive('arguments', [words(...flags)]), [line(parsed)]);
  });
}

const refused: [string[], RegExp][] = [
  [[], /^failed usage: /],
  [given, /^failed usage: /],
  [['-nope', 'start'], /unknown flag -nope; usage: /],
  [['-nope=1', 'start'], /unknown flag -nope; usage: /],
  [['---id', 'i', 'start'], /---id is not a flag/],
  [['-=x'], /-=x is not a flag/],
  [['-id'], /flag -id needs a value/],
  [[...given, '-debug=maybe', 'start'], /flag -debug: maybe is not true or false/],
  [[...given, 'stop'], /unknown action stop; usage: /],
  [[...given, '-', 'start'], /unknown action -; usage: /],
  [[...given, 'start', '-debug'], /unexpected word -debug after start/],
  [['-id', 'i', '-address', 'a', 'start'], /start: -namespace is missing/],
  [['-namespace', 'n', '-address', 'a', 'start'], /start: -id is missing/],
  [['-namespace=', '-id', 'i', '-address', 'a', 'delete'], /delete: -namespace is missing/],
  [['-namespace', 'n', '-id', 'i', 'start'], /start: -address is missing/],
  [[...given, 'delete'], /delete: -bundle is missing or not an absolute path/],
  [[...given, '-bundle', 'b', 'delete'], /delete: -bundle is missing or not an absolute path/],
  [['-new\nline'], /unknown flag -new\?line/],
];

for (const [flags, message] of refused) {
  test(`flags refused: ${JSON.stringify(flags)}`, () => {
    const [answer = ''] = drive('arguments', [words(...flags)]);
    assert.match(answer, message);
    assert.match(answer, /^failed /);
  });
}

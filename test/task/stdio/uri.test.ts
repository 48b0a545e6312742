import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDestination } from '../../../src/task/stdio/uri.js';

const path = (name: string) => ({ kind: 'path', path: name });
const file = (name: string) => ({ kind: 'file', path: name });
const binary = (program: string, args: string[], strict = false) => ({
  kind: 'binary',
  program,
  args,
  strict,
});

const accepted: [string, object][] = [
  ['', { kind: 'null' }],
  ['/dev/null', { kind: 'null' }],
  ['file:///dev/null', { kind: 'null' }],
  ['/run/fifo/1/box-stdout', path('/run/fifo/1/box-stdout')],
  ['/run/a b%20c?d#e:f', path('/run/a b%20c?d#e:f')],
  ['fifo:///run/a%20b', path('/run/a b')],
  ['file:///var/log/box.log', file('/var/log/box.log')],
  ['file:/var/log/box.log', file('/var/log/box.log')],
  ['file:///a/../b/./c', file('/a/../b/./c')],
  ['file:///C|/x', file('/C|/x')],
  ['FILE:///x?query#fragment', file('/x')],
  ['binary:///bin/log', binary('/bin/log', [])],
  ['binary:///bin/log?', binary('/bin/log', [])],
  ['binary:///bin/log?a=1&b=2', binary('/bin/log', ['a', '1', 'b', '2'])],
  ['binary:///bin/log?b=2&a=1', binary('/bin/log', ['b', '2', 'a', '1'])],
  ['binary:///bin/log?a=1&a=2', binary('/bin/log', ['a', '1'])],
  ['binary:///bin/log?a', binary('/bin/log', ['a', ''])],
  ['binary:///bin/log?a=', binary('/bin/log', ['a', ''])],
  ['binary:///bin/log?a=b=c', binary('/bin/log', ['a', 'b=c'])],
  ['binary:///bin/log?a=x+y%2Bz%20%C3%A9', binary('/bin/log', ['a', 'x y+z é'])],
  [
    'binary:///usr/bin/nerdctl?_NERDCTL_INTERNAL_LOGGING=%2Fvar%2Flib%2Fnerdctl',
    binary('/usr/bin/nerdctl', ['_NERDCTL_INTERNAL_LOGGING', '/var/lib/nerdctl']),
  ],
  ['binary-v2:///bin/log?a=1#x', binary('/bin/log', ['a', '1'], true)],
];

for (const [value, destination] of accepted) {
  test(`${JSON.stringify(value)} is read`, () => {
    assert.deepEqual(parseDestination(value, 4096), destination);
  });
}

const refused: [string, RegExp][] = [
  ['box-stdout', /^"box-stdout" is not an absolute path$/],
  ['./box', /is not an absolute path/],
  ['file:box.log', /has no absolute path/],
  ['file://box.log', /names a host, "box\.log"/],
  ['file://host/box.log', /names a host, "host"/],
  ['binary://', /has no absolute path/],
  ['http://host/x', /has the unknown scheme "http"/],
  ['npipe:////./pipe/x', /has the unknown scheme "npipe"/],
  ['/a\0b', /^"\/a\\u0000b" has a NUL byte$/],
  ['file:///a%00b', /has a NUL byte/],
  ['binary:///a?k=%00', /has a NUL byte/],
  ['file:///a%zz', /has a malformed percent escape/],
  ['binary:///a?k=%ff', /has a malformed percent escape/],
  [`/${'x'.repeat(5000)}`, /^"\/x{199}"… \(5001 characters\) has a path of 5001 bytes; the limit is \d+$/],
];

for (const [value, message] of refused) {
  test(`${JSON.stringify(value.slice(0, 40))} is refused`, () => {
    assert.throws(() => parseDestination(value, 4096), { message });
  });
}

for (const pathMax of [1024, 4096]) {
  test(`a path has less than ${pathMax} bytes where that is the limit`, () => {
    const longest = `/${'é'.repeat(pathMax / 2 - 1)}`;
    assert.deepEqual(parseDestination(longest, pathMax), path(longest));
    assert.throws(() => parseDestination(`${longest}x`, pathMax), {
      message: new RegExp(`the limit is ${pathMax - 1}$`),
    });
  });
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { environmentLines, mergeEnvironment, readEnvironment } from '../../../src/cli/spec/environment.js';
import { readNumber, readSize } from '../../../src/cli/spec/size.js';
import { readVolume } from '../../../src/cli/spec/volume.js';

describe('sizes and numbers', () => {
  const sizes: readonly (readonly [string, number])[] = [
    ['1', 1],
    ['512m', 512 * 1024 ** 2],
    ['512M', 512 * 1024 ** 2],
    ['1.5g', 1.5 * 1024 ** 3],
    ['2GiB', 2 * 1024 ** 3],
    ['4kb', 4096],
    ['1t', 1024 ** 4],
  ];
  for (const [word, bytes] of sizes) {
    it(`${word} is ${bytes} bytes`, () => {
      assert.equal(readSize('memory', word), bytes);
    });
  }
  for (const word of ['', '0', '-1', 'm', '1x', '1 m', '1e3', '0.1', '99999999t', 'Infinity']) {
    it(`${JSON.stringify(word)} is no size`, () => {
      assert.throws(() => readSize('memory', word), {
        name: 'CliError',
        message: /^--memory: ".*" is no size/,
      });
    });
  }
  it('numbers are above 0, and whole where they must be', () => {
    assert.deepEqual([readNumber('cpus', '1.5', false), readNumber('pids', '20', true)], [1.5, 20]);
    for (const word of ['0', '-1', 'x', '', '1e3', '99999999999']) {
      assert.throws(() => readNumber('cpus', word, false), {
        message: /^--cpus: ".*" is no number above 0$/,
      });
    }
    assert.throws(() => readNumber('pids', '1.5', true), {
      message: '--pids: "1.5" is no whole number above 0',
    });
  });
});

describe('volumes', () => {
  const volumes: readonly (readonly [string, object])[] = [
    ['/a:/b', { source: '/a', target: '/b', readonly: false }],
    ['/a:/b:ro', { source: '/a', target: '/b', readonly: true }],
    ['/a/../c:/b:rw', { source: '/c', target: '/b', readonly: false }],
    ['./x:/b', { source: '/here/x', target: '/b', readonly: false }],
    ['../x:/b', { source: '/x', target: '/b', readonly: false }],
    ['.:/b', { source: '/here', target: '/b', readonly: false }],
  ];
  for (const [word, volume] of volumes) {
    it(`understands ${word}`, () => {
      assert.deepEqual(readVolume(word, '/here'), volume);
    });
  }
  const refused: readonly (readonly [string, RegExp])[] = [
    ['/a', /not SOURCE:TARGET/],
    ['/a:/b:ro:z', /not SOURCE:TARGET/],
    ['name:/b', /"name" is no path/],
    [':/b', /"" is no path/],
    ['/a:b', /"b" is no absolute path in the container/],
    ['/a:/b:rx', /"rx" is neither ro nor rw/],
    ['/a\0:/b', /a NUL/],
  ];
  for (const [word, message] of refused) {
    it(`refuses ${JSON.stringify(word)}`, () => {
      assert.throws(() => readVolume(word, '/here'), { name: 'CliError', message });
    });
  }
});

describe('environment', () => {
  it('takes values, or those of this program, and leaves out what is unset', () => {
    assert.deepEqual(readEnvironment(['A=1', 'B=', 'C', 'D'], { C: '3' }), ['A=1', 'B=', 'C=3']);
    for (const word of ['=1', '', 'A B=1', 'A=\0']) {
      assert.throws(() => readEnvironment([word], {}), { name: 'CliError', message: /is not NAME=VALUE$/ });
    }
  });
  it('replaces earlier variables where they stand', () => {
    assert.deepEqual(mergeEnvironment(['A=1', 'B=2'], ['A=3'], ['C=4', 'B=5=6']), ['A=3', 'B=5=6', 'C=4']);
  });
  it('reads the lines of a file', () => {
    assert.deepEqual(environmentLines('# no\nA=1\r\n\n  B=two words\nC\n'), ['A=1', 'B=two words', 'C']);
  });
});

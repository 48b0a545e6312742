import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allBindings } from '../../../src/kernel/bindings/select.js';
import { BatchBuilder } from '../../../src/kernel/freebsd/batch-builder.js';
import { setTerminalModes } from '../../../src/kernel/freebsd/terminal-modes.js';
import { openSlave, setForegroundGroup, setTerminalSize } from '../../../src/kernel/freebsd/terminal.js';

const modes = {
  ...{ input: 0, output: 0, control: 0, local: 0, inputSpeed: 0, outputSpeed: 0 },
  characters: new Uint8Array(20),
};
const refusals: readonly [what: string, add: (b: BatchBuilder) => unknown, error: RegExp][] = [
  ['terminal -1', (b) => openSlave(b, -1), /^RangeError: terminal: -1 /],
  ['terminal 0.5', (b) => openSlave(b, 0.5), /^RangeError: terminal: 0.5 /],
  ['group 0', (b) => setForegroundGroup(b, 0, 0), /^RangeError: group: 0 /],
  ['65536 rows', (b) => setTerminalSize(b, 0, { rows: 65536, columns: 1 }), /^RangeError: rows: 65536 /],
  ['-1 columns', (b) => setTerminalSize(b, 0, { rows: 1, columns: -1 }), /^RangeError: columns: -1 /],
  [
    '19 characters',
    (b) => setTerminalModes(b, 0, { ...modes, characters: new Uint8Array(19) }),
    /^RangeError: characters: 19 bytes, not 20$/,
  ],
  [
    'a mode of 33 bits',
    (b) => setTerminalModes(b, 0, { ...modes, local: 2 ** 32 }),
    /^RangeError: termios.c_lflag/,
  ],
];

describe('what cannot be asked of terminals', () => {
  for (const [what, add, error] of refusals) {
    it(`is refused before any call: ${what}`, () => {
      for (const bindings of allBindings) {
        const b = new BatchBuilder(bindings);
        assert.throws(() => add(b), error);
        assert.deepEqual(b.batch().calls, []);
      }
    });
  }
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeStatus } from '../../../src/kernel/linux/process.js';
import { engines, notLinux } from '../kernels.js';

for (const engine of engines) {
  describe(`children with ${engine}`, { skip: notLinux }, () => {
    // In a process of its own: a subreaper would collect orphans of other tests.
    it('adopts orphans, sees them end and collects them', async () => {
      const program = fileURLToPath(new URL('reaper-program.js', import.meta.url));
      const child = spawn(process.execPath, [program, engine], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      await once(child, 'close');
      const expected = [
        { code: 7, signal: null, peeked: true, again: true, gone: true },
        { code: null, signal: 9, peeked: true, again: true, gone: true },
      ];
      assert.deepEqual(
        output
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown),
        expected,
      );
    });
  });
}

describe('decodeStatus', () => {
  const cases: [number, number | null, number | null][] = [
    [0x0000, 0, null],
    [0x0700, 7, null],
    [0xff00, 255, null],
    [0x0009, null, 9],
    [0x000f, null, 15],
    [0x008b, null, 11],
  ];
  for (const [word, code, signal] of cases) {
    it(`of 0x${word.toString(16)}`, () => {
      assert.deepEqual(decodeStatus(word), { code, signal });
    });
  }
});

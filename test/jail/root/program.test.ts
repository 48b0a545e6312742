import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findProgram } from '../../../src/jail/root/program.js';
import { batchesOf, modelWith, withRoot } from './tree.js';

const tree = {
  bin: {
    sh: 'x shell',
    data: 'no program',
    dir: {},
    fifo: 'fifo',
    away: '-> /outside/prog',
    loop: '-> loop',
  },
  usr: {
    bin: '-> ../bin',
    local: { bin: { tool: 'x tool', data: 'x program' } },
    sbin: { sh: 'x another', away: '-> ../../../../../outside/prog' },
  },
  work: { run: 'x run', bin: { own: 'x own' } },
};

function find(program: string, path?: string, cwd = '/'): Promise<string> {
  return withRoot(modelWith(tree), (root) => findProgram(root, { program, path, cwd }));
}

const found: [program: string, path: string | undefined, cwd: string, expected: string][] = [
  ['/bin/sh', undefined, '/', '/bin/sh'],
  ['sh', undefined, '/', '/usr/bin/sh'],
  ['sh', '/bin', '/', '/bin/sh'],
  ['sh', '/nowhere:/usr/sbin:/bin', '/', '/usr/sbin/sh'],
  ['tool', '/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin', '/', '/usr/local/bin/tool'],
  ['data', '/bin:/usr/local/bin', '/', '/usr/local/bin/data'],
  ['./run', undefined, '/work', '/work/./run'],
  ['bin/own', '/bin', '/work', '/work/bin/own'],
  ['run', '/bin:', '/work', '/work/./run'],
  ['run', '', '/work', '/work/./run'],
  ['own', 'bin', '/work', '/work/bin/own'],
  ['sh', 'bin', '/', '/bin/sh'],
  ['../../../bin/sh', undefined, '/work', '/work/../../../bin/sh'],
  ['tool', `${'/nowhere:'.repeat(100)}/usr/local/bin`, '/', '/usr/local/bin/tool'],
];

const refused: [program: string, path: string | undefined, message: string][] = [
  ['nope', undefined, 'exec: "nope": executable file not found in $PATH'],
  ['', '/bin', 'exec: "": executable file not found in $PATH'],
  ['tool', '/bin:/sbin', 'exec: "tool": executable file not found in $PATH'],
  ['/nope', undefined, 'exec: "/nope": no such file or directory'],
  ['/nope/sh', undefined, 'exec: "/nope/sh": no such file or directory'],
  ['/bin/sh/x', undefined, 'exec: "/bin/sh/x": no such file or directory'],
  ['/bin/data', undefined, 'exec: "/bin/data": permission denied'],
  ['data', '/bin', 'exec: "data": permission denied'],
  ['/bin/dir', undefined, 'exec: "/bin/dir": permission denied: it is a directory'],
  ['/bin/fifo', undefined, 'exec: "/bin/fifo": permission denied: it is a fifo'],
  ['/bin/away', undefined, 'exec: "/bin/away": no such file or directory'],
  ['away', '/bin:/usr/sbin', 'exec: "away": executable file not found in $PATH'],
  ['/bin/loop', undefined, 'exec: "/bin/loop": too many levels of symbolic links'],
];

describe('the program of a process', () => {
  for (const [program, path, cwd, expected] of found) {
    it(`${program} is found in ${path?.slice(0, 50) ?? 'the standard path'}`, async () => {
      assert.equal(await find(program, path, cwd), expected);
    });
  }

  for (const [program, path, message] of refused) {
    it(`is refused: ${message}`, async () => {
      await assert.rejects(find(program, path), { name: 'RuntimeError', message });
    });
  }

  it('is looked for in a usual PATH by one batch', async () => {
    const model = modelWith(tree);
    await withRoot(model, async (root) => {
      const search = { program: 'tool', path: '/sbin:/bin:/usr/sbin:/usr/local/bin', cwd: '/' };
      // The second one closes what the first has opened.
      assert.equal(await batchesOf(model, () => findProgram(root, search)), 2);
    });
  });
});

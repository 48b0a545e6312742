import assert from 'node:assert/strict';
import { standardModules } from '../model/system.js';
import { life } from './harness/life.js';
import { end, exec, kill, lived, start } from './harness/steps.js';

const forLinux = { 'containerd-shim-jail.os': 'linux' };

life(
  'a container of Linux',
  (lives) => {
    lives(
      'has the file systems that its programs want',
      async (service) => {
        const { status, lines } = await lived(service, ['mounts', 'exit', '4'], {
          annotations: forLinux,
          mounts: [],
        });
        assert.equal(status, 4);
        const on = lines.map((line) => line.split(' ')[3]).filter((path) => path !== '/');
        for (const path of ['/proc', '/sys', '/dev', '/dev/fd', '/dev/shm'])
          assert.ok(on.includes(path), path);
      },
      ['programs of Linux'],
    );

    lives(
      'has processes as others have',
      async (service) => {
        await start(service, 'web', ['wait', '15', 'exit', '2'], { annotations: forLinux, mounts: [] });
        await exec(service, 'web', 'sh', ['ids', 'exit', '1'], { user: { uid: 80, gid: 80 } });
        const { status, lines } = await end(service, 'web', 'sh');
        assert.deepEqual([status, lines[0]], [1, 'uid 80 80']);
        await kill(service, 'web');
      },
      ['programs of Linux'],
    );
  },
  { program: 'Linux', simulated: { accounting: true, modules: [...standardModules, 'linux64'] } },
);

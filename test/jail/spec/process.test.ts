import { planned, refused, withProcess as of, type Json } from '../planning.js';

const infinity = 2n ** 63n - 1n;
const user = (members: Json): Json => of({ user: members });
const limits = (...list: [type: unknown, soft: unknown, hard: unknown][]): Json => {
  return of({ rlimits: list.map(([type, soft, hard]) => ({ type, soft, hard })) });
};

planned(
  ({ process }) => process,
  [
    [
      {},
      {
        args: ['/bin/true'],
        env: [],
        cwd: '/',
        user: { kind: 'ids', uid: 0, gid: 0 },
        additionalGids: [],
        umask: 0o022,
        terminal: false,
        consoleSize: undefined,
        rlimits: [],
        noNewPrivileges: false,
      },
    ],
  ],
);

planned(
  ({ process: { args, cwd } }) => [args, cwd],
  [
    [of({ args: ['sh', '', 'a b'] }), [['sh', '', 'a b'], '/']],
    [of({ cwd: '/a//b/' }), [['/bin/true'], '/a/b']],
    [of({ cwd: '/../a/../b' }), [['/bin/true'], '/b']],
  ],
);

planned(
  ({ process: { env } }) => env,
  [
    [of({ env: null }), []],
    [of({ env: ['A=1', 'B=', 'C=x=y'] }), ['A=1', 'B=', 'C=x=y']],
    // The last one holds, and stands where it stood.
    [of({ env: ['PATH=/a', 'B=1', 'PATH=/b'] }), ['B=1', 'PATH=/b']],
    [of({ env: ['a=1', 'A=2'] }), ['a=1', 'A=2']],
    [of({ env: ['__proto__=1', 'toString=2'] }), ['__proto__=1', 'toString=2']],
    [of({ env: ['LD_PRELOAD=/x.so'] }), ['LD_PRELOAD=/x.so']],
  ],
);

planned(
  ({ process }) => [process.user, process.additionalGids, process.umask],
  [
    [user({ uid: 80, gid: 81 }), [{ kind: 'ids', uid: 80, gid: 81 }, [], 0o022]],
    [user({ uid: 4294967294 }), [{ kind: 'ids', uid: 4294967294, gid: 0 }, [], 0o022]],
    [user({ additionalGids: [5, 6, 5] }), [{ kind: 'ids', uid: 0, gid: 0 }, [5, 6], 0o022]],
    [user({ umask: 0 }), [{ kind: 'ids', uid: 0, gid: 0 }, [], 0]],
    [user({ umask: 0o777 }), [{ kind: 'ids', uid: 0, gid: 0 }, [], 0o777]],
    [user({ username: 'www-data:staff' }), [{ kind: 'name', user: 'www-data:staff' }, [], 0o022]],
    [user({ username: '' }), [{ kind: 'ids', uid: 0, gid: 0 }, [], 0o022]],
  ],
);

planned(
  ({ process: { terminal, consoleSize } }) => [terminal, consoleSize],
  [
    [of({ terminal: true }), [true, undefined]],
    [of({ terminal: true, consoleSize: { width: 80, height: 24 } }), [true, { width: 80, height: 24 }]],
    [of({ consoleSize: { width: 80, height: 24 } }), [false, undefined]],
    [of({ terminal: null }), [false, undefined]],
  ],
);

planned(
  ({ process: { rlimits } }) => rlimits,
  [
    // containerd's own
    [limits(['RLIMIT_NOFILE', 1024, 1024]), [{ name: 'RLIMIT_NOFILE', soft: 1024n, hard: 1024n }]],
    [limits(['RLIMIT_AS', 1, 2]), [{ name: 'RLIMIT_VMEM', soft: 1n, hard: 2n }]],
    [limits(['RLIMIT_CORE', 0, 2 ** 64]), [{ name: 'RLIMIT_CORE', soft: 0n, hard: infinity }]],
    [limits(['RLIMIT_CPU', 2 ** 63, 2 ** 63]), [{ name: 'RLIMIT_CPU', soft: infinity, hard: infinity }]],
    [
      limits(['RLIMIT_SBSIZE', 1, 1], ['RLIMIT_SWAP', 2, 2], ['RLIMIT_KQUEUES', 3, 3]),
      [
        { name: 'RLIMIT_SBSIZE', soft: 1n, hard: 1n },
        { name: 'RLIMIT_SWAP', soft: 2n, hard: 2n },
        { name: 'RLIMIT_KQUEUES', soft: 3n, hard: 3n },
      ],
    ],
  ],
);

planned(
  ({ process: { noNewPrivileges } }) => noNewPrivileges,
  [
    [of({ noNewPrivileges: true }), true],
    // What clients always send.
    [of({ oomScoreAdj: 100, capabilities: { bounding: [], effective: ['CAP_CHOWN'] } }), false],
    [of({ apparmorProfile: '', selinuxLabel: '', scheduler: null, ioPriority: null }), false],
  ],
);

const foreign = 'FreeBSD has no such thing';

refused('invalid', [
  [of({ args: [''] }), 'process.args: there is no program'],
  [of({ cwd: `/${'x'.repeat(1023)}` }), 'process.cwd: a path of more than 1023 bytes'],
  [of({ cwd: '/a\0' }), 'config.json: process: cwd is not an absolute path'],
  [of({ env: ['A=1', 'B'] }), 'process.env[1]: "B" is not NAME=value'],
  [of({ env: ['=1'] }), 'process.env[0]: "=1" is not NAME=value'],
  [of({ env: [''] }), 'process.env[0]: "" is not NAME=value'],
  [of({ terminal: 1 }), 'process.terminal: 1 is neither true nor false'],
  [of({ terminal: true, consoleSize: { width: -1, height: 1 } }), /^process\.consoleSize\.width: -1 is not/],
  [of({ terminal: true, consoleSize: { width: 1 } }), /^process\.consoleSize\.height: nothing is not/],
  [of({ terminal: true, consoleSize: { width: 1, height: 65536 } }), /height: 65536 is not an integer/],
  [of({ user: 'root' }), 'config.json: process: user is not a JSON object'],
  [user({ uid: 4294967295 }), 'process.user.uid: 4294967295 is not an integer from 0 to 4294967294'],
  [user({ uid: -1 }), 'config.json: process: user.uid is not an unsigned 32-bit number'],
  [user({ gid: '0' }), 'config.json: process: user.gid is not an unsigned 32-bit number'],
  [user({ umask: 0o1000 }), 'process.user.umask: 512 is not an integer from 0 to 511'],
  [user({ additionalGids: [-1] }), /^process\.user\.additionalGids\[0\]: -1 is not/],
  [
    user({ additionalGids: Array.from({ length: 1024 }, (_, n) => n) }),
    'process.user.additionalGids: 1024 groups, at most 1023',
  ],
  [user({ username: 'www', uid: 80 }), 'process.user.username: contradicts uid and gid'],
  [limits(['RLIMIT_NOFILE', 2, 1]), 'process.rlimits[0].soft: 2 is above hard, 1'],
  [limits(['RLIMIT_NOFILE', -1, 1]), /^process\.rlimits\[0\]\.soft: -1 is not an integer/],
  [limits(['RLIMIT_NOFILE', 1, '1']), /^process\.rlimits\[0\]\.hard: "1" is not an integer/],
  [limits(['RLIMIT_NOFILE', undefined, 1]), /^process\.rlimits\[0\]\.soft: nothing is not/],
  [limits(['RLIMIT_CPU', 1, 1], ['RLIMIT_CPU', 2, 2]), 'process.rlimits[1].type: RLIMIT_CPU is there twice'],
  [limits(['RLIMIT_AS', 1, 1], ['RLIMIT_VMEM', 2, 2]), 'process.rlimits[1].type: RLIMIT_VMEM is there twice'],
  [limits(['', 1, 1]), 'process.rlimits[0].type: empty'],
]);

refused('unsupported', [
  [limits(['RLIMIT_NICE', 1, 1]), 'process.rlimits[0].type: FreeBSD has no limit "RLIMIT_NICE"'],
  [limits(['RLIMIT_MSGQUEUE', 1, 1]), /^process\.rlimits\[0\]\.type: FreeBSD has no limit/],
  [limits(['toString', 1, 1]), 'process.rlimits[0].type: FreeBSD has no limit "toString"'],
  [of({ apparmorProfile: 'docker-default' }), `process.apparmorProfile: ${foreign}`],
  [of({ selinuxLabel: 'x' }), `process.selinuxLabel: ${foreign}`],
  [of({ scheduler: { policy: 'SCHED_FIFO' } }), `process.scheduler: ${foreign}`],
  [of({ ioPriority: { class: 'IOPRIO_CLASS_IDLE' } }), `process.ioPriority: ${foreign}`],
  [of({ execCPUAffinity: { initial: '0' } }), `process.execCPUAffinity: ${foreign}`],
  [of({ commandLine: 'cmd' }), 'process.commandLine: only Windows has it'],
]);

import { planned, refused, type Json } from '../planning.js';

const resources = (members: Json): Json => ({ linux: { resources: members } });
const memory = (members: Json): Json => resources({ memory: members });
const cpu = (members: Json): Json => resources({ cpu: members });
const own = (rctl: string): Json => ({ annotations: { 'containerd-shim-jail.rctl': rctl } });

/** The rules as rctl(8) would show them, without the subject. */
planned(
  ({ resources: { rules } }) => {
    return rules.map(({ resource, action, amount, per }) => {
      return `${resource}:${action}=${amount.toString()}${per === undefined ? '' : `/${per}`}`;
    });
  },
  [
    [{}, []],
    [resources({}), []],
    // What containerd always writes.
    [resources({ devices: [{ allow: false, access: 'rwm' }] }), []],
    [memory({ limit: 1048576 }), ['memoryuse:deny=1048576']],
    [memory({ limit: -1 }), []],
    [memory({ limit: 0 }), []],
    [memory({ limit: 9223372036854771712 }), []],
    [memory({ limit: 1000, swap: 3000 }), ['memoryuse:deny=1000', 'swapuse:deny=3000']],
    [memory({ limit: 1000, swap: 1000 }), ['memoryuse:deny=1000', 'swapuse:deny=1000']],
    [memory({ limit: 1000, swap: -1 }), ['memoryuse:deny=1000']],
    [memory({ swap: 3000 }), ['swapuse:deny=3000']],
    [memory({ reservation: 5, kernel: 6, kernelTCP: 7, swappiness: 60, useHierarchy: true }), []],
    [memory({ limit: 10, disableOOMKiller: false, checkBeforeUpdate: true }), ['memoryuse:deny=10']],
    [cpu({ quota: 50000, period: 100000 }), ['pcpu:deny=50']],
    [cpu({ quota: 150000 }), ['pcpu:deny=150']],
    [cpu({ quota: 1, period: 100000 }), ['pcpu:deny=1']],
    [cpu({ quota: 33333, period: 100000 }), ['pcpu:deny=34']],
    [cpu({ quota: 400000, period: 50000 }), ['pcpu:deny=800']],
    [cpu({ quota: -1, period: 100000 }), []],
    [cpu({ period: 100000 }), []],
    [cpu({ shares: 512, burst: 10, mems: '' }), []],
    [resources({ pids: { limit: 100 } }), ['maxproc:deny=100', 'nthr:deny=100']],
    [resources({ pids: { limit: 0 } }), []],
    [resources({ pids: { limit: -1 } }), []],
    [resources({ pids: null, blockIO: { weight: 500 }, hugepageLimits: [], unified: {} }), []],
    [own('memoryuse:deny=1g'), ['memoryuse:deny=1073741824']],
    [
      own('readbps:throttle=10m, pcpu:deny=50,wallclock:sigkill=3600,nthr:log=5'),
      ['readbps:throttle=10485760', 'pcpu:deny=50', 'wallclock:sigkill=3600', 'nthr:log=5'],
    ],
    [own('maxproc:deny=5/process'), ['maxproc:deny=5/process']],
    [own('maxproc:deny=5/user,maxproc:deny=9'), ['maxproc:deny=5/user', 'maxproc:deny=9']],
    [own('maxproc:deny=5/jail'), ['maxproc:deny=5']],
    [own('memoryuse:deny=0'), ['memoryuse:deny=0']],
    // The annotation's rule stands in place of the resource's.
    [{ ...memory({ limit: 10 }), ...own('memoryuse:deny=20') }, ['memoryuse:deny=20']],
    [{ ...memory({ limit: 10 }), ...own('memoryuse:log=20') }, ['memoryuse:deny=10', 'memoryuse:log=20']],
  ],
);

planned(
  ({ resources: { unlimited } }) => unlimited,
  [
    [{}, []],
    [memory({ limit: 10, swap: 20 }), []],
    [memory({ limit: 0, swap: 0 }), []],
    [memory({ limit: -1 }), ['memoryuse', 'swapuse']],
    [memory({ limit: 9223372036854771712 }), ['memoryuse', 'swapuse']],
    [memory({ limit: -1, swap: 5 }), ['memoryuse']],
    [memory({ swap: -1 }), ['swapuse']],
    [cpu({ quota: -1, period: 100000 }), ['pcpu']],
    [cpu({ quota: 0 }), []],
    [resources({ pids: { limit: -1 } }), ['maxproc', 'nthr']],
    [resources({ pids: { limit: 0 } }), []],
  ],
);

planned(
  ({ resources: { cpus } }) => cpus,
  [
    [{}, undefined],
    [cpu({ cpus: '' }), undefined],
    [cpu({ cpus: '0' }), [0]],
    [cpu({ cpus: '0-3,7' }), [0, 1, 2, 3, 7]],
    [cpu({ cpus: '7, 0-1 ,1' }), [0, 1, 7]],
    [cpu({ cpus: '1023' }), [1023]],
  ],
);

planned(
  ({ resources: { rules } }) => rules.map(({ field }) => field),
  [
    [
      {
        ...resources({ memory: { limit: 1 }, cpu: { quota: 1 }, pids: { limit: 1 } }),
        ...own('nmsgq:deny=1'),
      },
      [
        'linux.resources.memory.limit',
        'linux.resources.cpu.quota',
        'linux.resources.pids.limit',
        'linux.resources.pids.limit',
        'annotation containerd-shim-jail.rctl',
      ],
    ],
  ],
);

const annotation = 'annotation containerd-shim-jail.rctl: ';
const size = 'is no number with k, m, g, t or nothing behind it';

refused('invalid', [
  [memory({ limit: '1g' }), /^linux\.resources\.memory\.limit: "1g" is not an integer/],
  [memory({ limit: -2 }), /^linux\.resources\.memory\.limit: -2 is not an integer/],
  [memory({ limit: 1.5 }), /^linux\.resources\.memory\.limit: 1\.5 is not an integer/],
  [
    memory({ limit: 1000, swap: 999 }),
    'linux.resources.memory.swap: 999 is less than the limit of memory, 1000',
  ],
  [{ linux: { resources: 1 } }, 'linux.resources: not an object'],
  [cpu({ cpus: 'all' }), 'linux.resources.cpu.cpus: "all" is no list such as 0-3,7'],
  [cpu({ cpus: '3-1' }), 'linux.resources.cpu.cpus: "3-1" is no list such as 0-3,7'],
  [cpu({ cpus: '1,,2' }), 'linux.resources.cpu.cpus: "" is no list such as 0-3,7'],
  [cpu({ cpus: '-1' }), 'linux.resources.cpu.cpus: "-1" is no list such as 0-3,7'],
  [cpu({ cpus: '0-1024' }), 'linux.resources.cpu.cpus: processor 1024 is not below 1024'],
  [cpu({ cpus: 3 }), 'linux.resources.cpu.cpus: 3 is not text'],
  [own('memoryuse'), `${annotation}"memoryuse" is no rule such as memoryuse:deny=1g`],
  [own('memoryuse:deny'), `${annotation}"memoryuse:deny" is no rule such as memoryuse:deny=1g`],
  [
    own('jail:x:memoryuse:deny=1'),
    `${annotation}"jail:x:memoryuse:deny=1" is no rule such as memoryuse:deny=1g`,
  ],
  [own('memoryuse:deny=1:x'), `${annotation}"1:x" ${size}`],
  [own('memoryuse:deny='), `${annotation}"" ${size}`],
  [own('memoryuse:deny=-1'), `${annotation}"-1" ${size}`],
  [own('memoryuse:deny=18446744073709551615'), /is no number with/],
  [own('nosuch:deny=1'), `${annotation}resource: 'nosuch' is none of rctl(8)`],
  [own('memoryuse:nosuch=1'), `${annotation}action: 'nosuch' is none of rctl(8)`],
  [own('memoryuse:sigfoo=1'), `${annotation}action: 'sigfoo' is none of rctl(8)`],
  [own('wallclock:deny=1'), `${annotation}action: the kernel cannot deny wallclock`],
  [own('cputime:deny=1'), `${annotation}action: the kernel cannot deny cputime`],
  [own('readbps:deny=1'), `${annotation}action: the kernel cannot deny readbps`],
  [own('maxproc:throttle=1'), `${annotation}action: the kernel cannot throttle maxproc`],
  [own('pcpu:deny=9223372036854775807'), /amount of pcpu: 9223372036854775807 is not from 0 to/],
  [
    own('maxproc:deny=1/nosuch'),
    `${annotation}"maxproc:deny=1/nosuch": "nosuch" is none of process, user, jail`,
  ],
  [own('maxproc:deny=1,maxproc:deny=2'), `${annotation}maxproc:deny is there twice`],
  [own('maxproc:deny=1,maxproc:deny=2/jail'), `${annotation}maxproc:deny is there twice`],
]);

const devices = (name: string): Json => resources({ blockIO: { [name]: [{ major: 8, minor: 0, rate: 1 }] } });

refused('unsupported', [
  [
    memory({ disableOOMKiller: true }),
    'linux.resources.memory.disableOOMKiller: a jail has no OOM killer of its own',
  ],
  [cpu({ mems: '0' }), 'linux.resources.cpu.mems: a jail cannot be bound to memory'],
  [cpu({ realtimeRuntime: 1 }), 'linux.resources.cpu.realtimeRuntime: rctl does not count real time'],
  [cpu({ realtimePeriod: 1 }), 'linux.resources.cpu.realtimePeriod: rctl does not count real time'],
  [cpu({ idle: 1 }), 'linux.resources.cpu.idle: a jail cannot be idle'],
  [devices('throttleReadBpsDevice'), /throttleReadBpsDevice: .* use the annotation for readbps$/],
  [devices('throttleWriteBpsDevice'), /use the annotation for writebps$/],
  [devices('throttleReadIOPSDevice'), /use the annotation for readiops$/],
  [devices('throttleWriteIOPSDevice'), /use the annotation for writeiops$/],
  [resources({ network: { classID: 1 } }), /^linux\.resources\.network\.classID: /],
  [
    resources({ network: { priorities: [{ name: 'eth0', priority: 1 }] } }),
    /^linux\.resources\.network\.prio/,
  ],
  [resources({ hugepageLimits: [{ pageSize: '2MB', limit: 1 }] }), /^linux\.resources\.hugepageLimits: /],
  [resources({ rdma: { mlx5: { hcaHandles: 1 } } }), /^linux\.resources\.rdma: /],
  [resources({ unified: { 'memory.high': '1' } }), /^linux\.resources\.unified: FreeBSD has no cgroups$/],
]);

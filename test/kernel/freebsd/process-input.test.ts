import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allBindings } from '../../../src/kernel/bindings/select.js';
import { BatchBuilder } from '../../../src/kernel/freebsd/batch-builder.js';
import { becomeUser, setLogin, setUmask } from '../../../src/kernel/freebsd/credentials.js';
import { execute } from '../../../src/kernel/freebsd/execute.js';
import { setLimit } from '../../../src/kernel/freebsd/limit.js';
import { forbidNewPrivileges } from '../../../src/kernel/freebsd/process-control.js';
import { readProcess, readProcesses } from '../../../src/kernel/freebsd/process-list.js';
import { readDescendants } from '../../../src/kernel/freebsd/reaper.js';
import { sendGroupSignal, sendSignal } from '../../../src/kernel/freebsd/signal.js';
import { waitFor } from '../../../src/kernel/freebsd/wait.js';
import { decodeWaitStatus, exitStatusOf } from '../../../src/kernel/freebsd/wait-status.js';

function builder(release: number): BatchBuilder {
  const bindings = allBindings.find((set) => set.release === release);
  assert.ok(bindings);
  return new BatchBuilder(bindings);
}

const user = { uid: 0, gid: 0, groups: [] };
const program = { path: '/bin/sh', args: ['sh'], environment: [] };
const refusals: readonly [what: string, add: (b: BatchBuilder) => unknown, error: RegExp][] = [
  ['pid 0', (b) => sendSignal(b, 0, 'SIGTERM'), /^RangeError: pid: 0 /],
  ['pid -1', (b) => sendSignal(b, -1, 'SIGTERM'), /^RangeError: pid: -1 /],
  ['a pid that is no integer', (b) => sendSignal(b, 1.5, 'SIGTERM'), /^RangeError: pid: 1.5 /],
  ['signal 129', (b) => sendSignal(b, 5, 129), /^RangeError: signal: 129 /],
  ['process group 1, which is everybody', (b) => sendGroupSignal(b, 1, 9), /^RangeError: group: 1 /],
  ['waiting for pid 0', (b) => waitFor(b, { pid: 0 }), /^RangeError: pid: 0 /],
  ['waiting for jail 0', (b) => waitFor(b, { jid: 0 }), /^RangeError: jid: 0 /],
  ['reading process 0', (b) => readProcess(b, 0), /^RangeError: pid: 0 /],
  ['a list for nobody', (b) => readProcesses(b, 0), /^RangeError: capacity: 0 /],
  ['descendants of process 0', (b) => readDescendants(b, 0, 1), /^RangeError: pid: 0 /],
  ['user -1', (b) => becomeUser(b, { ...user, uid: -1 }), /^RangeError: uid: -1 /],
  ['user 2^32 - 1', (b) => becomeUser(b, { ...user, uid: 0xffff_ffff }), /^RangeError: uid: 4294967295 /],
  ['group 2^32', (b) => becomeUser(b, { ...user, gid: 2 ** 32 }), /^RangeError: gid: /],
  ['a group -1', (b) => becomeUser(b, { ...user, groups: [0, -1] }), /^RangeError: groups\[1\]: -1 /],
  [
    'more groups than there may be',
    (b) => becomeUser(b, { ...user, groups: new Array<number>(1024).fill(1) }),
    /^RangeError: groups: 1024, at most 1023$/,
  ],
  ['a login of 33 bytes', (b) => setLogin(b, 'x'.repeat(33)), /^RangeError: login: 33 bytes, at most 32$/],
  ['a login with a NUL', (b) => setLogin(b, 'a\0b'), /^RangeError: login: contains a NUL$/],
  ['a umask of 10 bits', (b) => setUmask(b, 0o1000), /^RangeError: umask: 512 /],
  [
    'a soft limit above the hard one',
    (b) => setLimit(b, { name: 'RLIMIT_NOFILE', soft: 2n, hard: 1n }),
    /^RangeError: RLIMIT_NOFILE: soft limit 2 is above hard limit 1$/,
  ],
  [
    'a limit below zero',
    (b) => setLimit(b, { name: 'RLIMIT_CORE', soft: -1n, hard: 1n }),
    /^RangeError: RLIMIT_CORE.soft: -1 /,
  ],
  [
    'a limit of 2^63',
    (b) => setLimit(b, { name: 'RLIMIT_CORE', soft: 1n, hard: 1n << 63n }),
    /^RangeError: RLIMIT_CORE.hard: /,
  ],
  [
    'a relative program',
    (b) => {
      execute(b, { ...program, path: 'sh' });
    },
    /^RangeError: path: 'sh' is not absolute$/,
  ],
  [
    'a program with a NUL',
    (b) => {
      execute(b, { ...program, path: '/a\0' });
    },
    /^RangeError: path: contains a NUL$/,
  ],
  [
    'a path that is too long',
    (b) => {
      execute(b, { ...program, path: `/${'x'.repeat(1024)}` });
    },
    /^RangeError: path: 1025 bytes/,
  ],
  [
    'no arguments',
    (b) => {
      execute(b, { ...program, args: [] });
    },
    /^RangeError: args: empty$/,
  ],
  [
    'an argument with a NUL',
    (b) => {
      execute(b, { ...program, args: ['a', 'b\0'] });
    },
    /^RangeError: args\[1\]: contains a NUL$/,
  ],
  [
    'a variable with a NUL',
    (b) => {
      execute(b, { ...program, environment: ['A=\0'] });
    },
    /^RangeError: environment\[0\]: contains a NUL$/,
  ],
  [
    'a variable without a name',
    (b) => {
      execute(b, { ...program, environment: ['=x'] });
    },
    /^RangeError: environment\[0\]: '=x' is not NAME=value$/,
  ],
];

describe('what cannot be asked of processes', () => {
  for (const [what, add, error] of refusals) {
    it(`is refused before any call: ${what}`, () => {
      const b = builder(14);
      assert.throws(() => add(b), error);
      assert.deepEqual(b.batch().calls, []);
    });
  }

  it('is said of a release that lacks it', () => {
    for (const release of [12, 13]) {
      const asked = () => forbidNewPrivileges(builder(release));
      assert.throws(asked, new RegExp(`^Error: PROC_NO_NEW_PRIVS_CTL is not in FreeBSD ${release}$`));
    }
  });
});

describe('wait status', () => {
  const { bindings } = builder(14);
  // As 12.1 gave them: Q1 to Q4, K6, F7.
  const table: readonly [status: number, event: ReturnType<typeof decodeWaitStatus>, exit?: number][] = [
    [0, { kind: 'exited', code: 0 }, 0],
    [0x700, { kind: 'exited', code: 7 }, 7],
    [0x2c00, { kind: 'exited', code: 44 }, 44],
    [0x9, { kind: 'killed', signal: 9, core: false }, 137],
    [0xf, { kind: 'killed', signal: 15, core: false }, 143],
    [0x8b, { kind: 'killed', signal: 11, core: true }, 139],
    [0x117f, { kind: 'stopped', signal: 17 }],
    [0x13, { kind: 'continued' }],
  ];
  for (const [status, event, exit] of table) {
    it(`0x${status.toString(16)} is ${event.kind}`, () => {
      assert.deepEqual(decodeWaitStatus(bindings, status), event);
      if (event.kind === 'exited' || event.kind === 'killed') assert.equal(exitStatusOf(event), exit);
    });
  }

  it('is refused if no kernel gives it', () => {
    for (const status of [-1, 0x10000, 1.5]) {
      assert.throws(() => decodeWaitStatus(bindings, status), RangeError);
    }
  });
});

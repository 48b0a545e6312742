import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { selectBindings } from '../../../src/kernel/bindings/select.js';
import { BatchBuilder } from '../../../src/kernel/freebsd/batch-builder.js';
import { formatRule, parseRules, parseUsage, type JailRule } from '../../../src/kernel/freebsd/rctl-rule.js';
import {
  addRule,
  hasAccounting,
  readLimits,
  readRules,
  readUsage,
  removeRules,
} from '../../../src/kernel/freebsd/rctl.js';
import { openModel } from '../../model/model.js';

const rule: JailRule = { jail: 'c1', resource: 'maxproc', action: 'deny', amount: 5n };
const because = (part: object): ((b: BatchBuilder) => unknown) => {
  return (b) => addRule(b, { ...rule, ...part });
};
const refusals: readonly [what: string, add: (b: BatchBuilder) => unknown, error: RegExp][] = [
  ['no jail', because({ jail: '' }), /^RangeError: jail: empty$/],
  ['a jail with a colon', because({ jail: 'a:b' }), /^RangeError: jail: 'a:b' has a colon/],
  ['a jail with a NUL', because({ jail: 'a\0b' }), /^RangeError: jail: contains a NUL$/],
  ['a jail of 256 bytes', because({ jail: 'é'.repeat(128) }), /^RangeError: jail: 256 bytes, at most 255$/],
  ['another resource', because({ resource: 'memory' }), /^RangeError: resource: 'memory' /],
  ['another action', because({ action: 'kill' }), /^RangeError: action: 'kill' /],
  ['another signal', because({ action: 'sigfoo' }), /^RangeError: action: 'sigfoo' /],
  ['an action with more after it', because({ action: 'deny=1' }), /^RangeError: action: 'deny=1' /],
  ['denying time', because({ resource: 'cputime' }), /^RangeError: action: the kernel cannot deny cputime$/],
  ['denying bytes a second', because({ resource: 'readbps' }), /^RangeError: action: .* deny readbps$/],
  ['slowing down memory', because({ action: 'throttle' }), /^RangeError: action: .* throttle maxproc$/],
  ['an amount below zero', because({ amount: -1n }), /^RangeError: amount of maxproc: -1 /],
  [
    'an amount of 2^63',
    because({ amount: 1n << 63n }),
    /^RangeError: amount of maxproc: 9223372036854775808 /,
  ],
  [
    'too much time',
    because({ resource: 'pcpu', amount: 9_223_372_036_855n }),
    /^RangeError: amount of pcpu: /,
  ],
  [
    'swap by process',
    because({ resource: 'swapuse', per: 'process' }),
    /^RangeError: per: .* swapuse by process$/,
  ],
  ['another subject', because({ per: 'group' }), /^RangeError: per: 'group' /],
  ['the rules of all jails', (b) => readRules(b, ''), /^RangeError: jail: empty$/],
  ['removing those of all jails', (b) => removeRules(b, ''), /^RangeError: jail: empty$/],
  ['removing those of a filter', (b) => removeRules(b, 'c1:maxproc'), /^RangeError: jail: /],
  ['removing those of no resource', (b) => removeRules(b, 'c1', '' as never), /^RangeError: resource: '' /],
  ['the use of all jails', (b) => readUsage(b, ''), /^RangeError: jail: empty$/],
  ['the limits of process 0', (b) => readLimits(b, 0), /^RangeError: pid: 0 /],
  ['no room', (b) => readRules(b, 'c1', 0), /^RangeError: capacity: 0 /],
];

describe('what cannot be asked of rctl', () => {
  for (const [what, add, error] of refusals) {
    it(`is refused before any call: ${what}`, () => {
      const b = new BatchBuilder(selectBindings(1_401_000, 'amd64'));
      assert.throws(() => add(b), error);
      assert.deepEqual(b.batch().calls, []);
    });
  }
});

describe('rules as text', () => {
  const table: readonly [rule: Partial<JailRule>, text: string][] = [
    [{}, 'jail:c1:maxproc:deny=5'],
    [{ jail: 'ns@a b,c=d/e' }, 'jail:ns@a b,c=d/e:maxproc:deny=5'],
    [{ per: 'process' }, 'jail:c1:maxproc:deny=5/process'],
    [{ resource: 'pcpu', amount: 9_223_372_036_854n }, 'jail:c1:pcpu:deny=9223372036854'],
    [{ resource: 'readbps', action: 'throttle' }, 'jail:c1:readbps:throttle=5'],
    [{ resource: 'wallclock', action: 'sigterm' }, 'jail:c1:wallclock:sigterm=5'],
  ];
  for (const [part, text] of table) {
    it(`${text} is what is said and read`, () => {
      const whole = { ...rule, ...part };
      assert.equal(formatRule(whole), text);
      const { jail: name, ...rest } = whole;
      assert.deepEqual(parseRules(text), [{ subject: 'jail', name, ...rest, per: whole.per }]);
    });
  }

  it('lists are told apart whatever names have in them', () => {
    const names = ['a,jail', 'a,b=1', 'deny=1/process,user'];
    const text = names.map((jail) => formatRule({ ...rule, jail })).join(',');
    assert.deepEqual(
      parseRules(text).map(({ name }) => name),
      names,
    );
  });

  for (const text of [
    'x',
    'jail:a:maxproc:deny',
    'jail:a:maxproc:deny=5x',
    'jail:a:b:deny=5',
    'jail:a:maxproc:deny=5;',
  ]) {
    it(`'${text}' is no list`, () => {
      assert.throws(() => parseRules(text), /^Error: rctl: '.*' is no list of rules$/);
    });
  }

  for (const text of ['', 'maxproc', 'maxproc=-1', 'procs=1', 'maxproc=1,', 'maxproc=1;nthr=1']) {
    it(`'${text}' is no use of resources`, () => {
      assert.throws(() => parseUsage(text), /^Error: rctl: '.*' is no use of a resource$/);
    });
  }
});

describe('accounting', () => {
  for (const accounting of [true, false]) {
    it(`is ${accounting ? 'on' : 'off'} if kern.racct.enable says so`, async () => {
      assert.equal(await hasAccounting(openModel(14, { accounting }).freebsd), accounting);
    });
  }
});

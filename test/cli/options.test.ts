import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command } from '../../src/cli/command.js';
import { commands } from '../../src/cli/commands.js';
import { commandHelp, overview } from '../../src/cli/help.js';
import { parseOptions } from '../../src/cli/options.js';

type Parseable = Pick<Command, 'options' | 'count' | 'stopsAtOperand'>;

const some: Parseable = {
  count: { least: 1, most: 2 },
  options: [
    { name: 'interactive', short: 'i', kind: 'flag', help: '' },
    { name: 'tty', short: 't', kind: 'flag', help: '' },
    { name: 'name', short: 'n', kind: 'text', value: 'NAME', help: '' },
    { name: 'env', short: 'e', kind: 'list', help: '' },
    { name: 'format', kind: 'text', value: 'table|json', help: '' },
  ],
};
const program: Parseable = { ...some, count: { least: 1, most: Infinity }, stopsAtOperand: true };

/** What was understood, in one value. */
function read(command: Parseable, line: string): unknown {
  const { values, operands, help } = parseOptions('some', command, line.split(' ').filter(Boolean));
  const flags = ['interactive', 'tty'].filter((name) => values.flag(name));
  return { flags, name: values.text('name'), env: values.list('env'), operands, help };
}

const nothing = { flags: [], name: undefined, env: [], operands: ['x'], help: false };

describe('options', () => {
  const understood: readonly (readonly [string, object])[] = [
    ['x', {}],
    ['-it x', { flags: ['interactive', 'tty'] }],
    ['x -t', { flags: ['tty'] }],
    ['--tty=false x', {}],
    ['--name a x', { name: 'a' }],
    ['--name=a=b x', { name: 'a=b' }],
    ['--name= x', { name: '' }],
    ['-n a x', { name: 'a' }],
    ['-na x', { name: 'a' }],
    ['-in a x', { flags: ['interactive'], name: 'a' }],
    ['-n --tty x', { name: '--tty' }],
    ['--name a --name b x', { name: 'b' }],
    ['-e A=1 --env B=2 x', { env: ['A=1', 'B=2'] }],
    ['-- -x', { operands: ['-x'] }],
    ['- x', { operands: ['-', 'x'] }],
    ['--help', { operands: [], help: true }],
  ];
  for (const [line, values] of understood) {
    it(`understands ${line}`, () => {
      assert.deepEqual(read(some, line), { ...nothing, ...values });
    });
  }

  it('leaves a program its own options', () => {
    assert.deepEqual(read(program, '-i image sh -c -- --help'), {
      ...nothing,
      flags: ['interactive'],
      operands: ['image', 'sh', '-c', '--', '--help'],
    });
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /^some: an argument is missing: see jailer some --help$/],
    ['x y z', /^some: "z" is one argument too many/],
    ['--naem a x', /^some: there is no option "--naem": did you mean --name\?$/],
    ['--unheard-of x', /^some: there is no option "--unheard-of": see jailer some --help$/],
    ['-z x', /^some: there is no option "-z"/],
    ['x --name', /^some: --name needs a value: --name NAME$/],
    ['x -n', /^some: -n needs a value: -n NAME$/],
    ['--tty=maybe x', /^some: --tty is true or false, not "maybe"$/],
    ['--format xml x', /^some: --format is one of table, json, not "xml"$/],
  ];
  for (const [line, message] of refused) {
    it(`refuses ${JSON.stringify(line)}`, () => {
      assert.throws(() => read(some, line), { name: 'CliError', message, exitCode: 125 });
    });
  }
});

describe('help', () => {
  it('names every command once', () => {
    const names = commands.map(({ name }) => name);
    assert.deepEqual([...new Set(names)], names);
    for (const name of names) assert.match(overview(commands), new RegExp(`^  ${name} +[a-z]`, 'm'));
  });

  for (const entry of commands) {
    it(`of ${entry.name} has short lines, and its examples are understood`, async () => {
      const { command } = await entry.load();
      const help = commandHelp(entry, command);
      assert.match(help, new RegExp(`^usage: jailer ${entry.name}`));
      const long = help.split('\n').find((line) => line.length > 120);
      assert.equal(long, undefined);
      const options = command.options.map(({ name }) => name);
      assert.deepEqual([...new Set(options)], options);
      const letters = command.options.flatMap(({ short }) => short ?? []);
      assert.deepEqual([...new Set(letters)], letters);
      assert.ok(command.examples.length > 0);
      for (const [line] of command.examples) {
        const inner = /\$\(([^)]*)\)/.exec(line)?.[1] ?? '';
        const own = inner.startsWith(`jailer ${entry.name} `) ? inner : line.replace(`$(${inner})`, 'these');
        const [, words] = new RegExp(`\\bjailer ${entry.name}\\b([^|<>&"]*)`).exec(own) ?? [];
        assert.ok(words !== undefined, line);
        parseOptions(entry.name, command, words.split(' ').filter(Boolean));
      }
    });
  }
});

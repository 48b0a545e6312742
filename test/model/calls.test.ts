import assert from 'node:assert/strict';
import { it } from 'node:test';
import { allBindings } from '../../src/kernel/bindings/select.js';
import { returnType } from '../../src/kernel/symbols.js';
import { calls } from './calls.js';

// Nobody but an agent can end like this, and libc has no function for the other one.
const byAgentOnly = new Set(['_exit', '__getcwd']);

it('what the model answers, engines and agents can call', () => {
  const names = Object.keys(calls);
  assert.ok(names.length > 80, `${names.length} calls`);
  for (const symbol of names) {
    if (!byAgentOnly.has(symbol)) assert.doesNotThrow(() => returnType(symbol), symbol);
    const numbers = allBindings.map(
      ({ syscalls }) => (syscalls as Readonly<Record<string, number | undefined>>)[symbol],
    );
    assert.ok(
      numbers.some((number) => number !== undefined),
      `${symbol} has no system call number`,
    );
  }
});

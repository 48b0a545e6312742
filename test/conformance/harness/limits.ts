import assert from 'node:assert/strict';
import { isKernelError } from '../../../src/kernel/error.js';
import { removeRules } from '../../../src/kernel/freebsd/rctl.js';
import type { Kernel } from '../../../src/kernel/kernel.js';
import { readText } from '../../../src/kernel/layout.js';
import type { Case } from './case.js';
import { call } from './raw.js';

/** kern.racct.rctl.maxbufsize, the most that the kernel gives at once. */
const mostRoom = 16_384;

type RctlCall = `rctl_${'add_rule' | 'remove_rule' | 'get_rules' | 'get_limits' | 'get_racct'}`;

/**
 * One of the calls as it is.
 *
 * @param length how many bytes of the text, its NUL counted, the kernel is told of
 */
export async function rctl(
  kernel: Kernel,
  symbol: RctlCall,
  text: string,
  { length, room = mostRoom }: { readonly length?: number; readonly room?: number } = {},
): Promise<{ readonly error: string; readonly text: string }> {
  let output = 0;
  const { error, arena } = await call(kernel, symbol, (a) => {
    const input = a.textSpan(text, 'text');
    output = a.reserve(room);
    return [{ arena: input.offset }, length ?? input.length, { arena: output }, room];
  });
  return { error, text: readText(arena, output, room) };
}

/** A name for which rules can be made; they are removed at the end of the case. */
export function ruleName(c: Case): string {
  const name = c.name('limit');
  unlimitLater(c, name);
  return name;
}

/** Has the rules of a name removed at the end of the case. */
export function unlimitLater(c: Case, name: string): void {
  c.defer(async () => {
    await c
      .run((b) => removeRules(b, name))
      .catch((error: unknown) => {
        if (!isKernelError(error, 'ESRCH')) throw error;
      });
  });
}

/** Says that rules with this text, without their subject, are taken, or refused with this errno. */
export async function adds(c: Case, name: string, rules: readonly string[], error = ''): Promise<void> {
  for (const rule of rules) {
    const text = `jail:${name}:${rule}`;
    assert.equal((await rctl(c.system.kernel, 'rctl_add_rule', text)).error, error, text);
  }
}

/** The rules of a name, without their subject. */
export async function rulesOf(c: Case, name: string): Promise<string[]> {
  const { error, text } = await rctl(c.system.kernel, 'rctl_get_rules', `jail:${name}`);
  assert.equal(error, '');
  return text === '' ? [] : text.split(',').map((rule) => rule.replace(`jail:${name}:`, ''));
}

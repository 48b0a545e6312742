import { isKernelError } from '../../kernel/error.js';
import { getJail, type Jail } from '../../kernel/freebsd/jail.js';
import type { JailValueName, JailValues } from '../../kernel/freebsd/jail-parameters.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';

/** A jail that lives. */
export interface FoundJail {
  readonly jid: number;
  readonly name: string;
  readonly values: JailValues;
}

/**
 * The jails of these full names, each or undefined, with values of their parameters: one round trip.
 *
 * @param dying find those as well that only wait for the last holders of their resources
 */
export async function findJails(
  system: FreeBSD,
  names: readonly string[],
  parameters: readonly JailValueName[] = [],
  options: { readonly dying?: boolean } = {},
): Promise<(FoundJail | undefined)[]> {
  const answers = await run(system, (b) => {
    return names.map((name) => b.attempt(() => getJail(b, { name }, parameters, options)));
  });
  return answers.map((answer, index) => {
    if (isKernelError(answer, 'ENOENT')) return undefined;
    if (isKernelError(answer)) throw answer;
    const { jid, values }: Jail<JailValueName> = answer;
    return { jid, name: names[index] ?? '', values };
  });
}

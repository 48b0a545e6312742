import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

/** The machine and the programs that figures were measured with, a line each. */
export function machine(programs: readonly (readonly string[])[]): string[] {
  const processors = cpus();
  return [
    `processor: ${processors[0]?.model ?? 'unknown'}, ${processors.length} cores`,
    `memory: ${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    `kernel: Linux ${release()}`,
    `node: ${process.version}`,
    ...programs.map(([file = '', ...args]) => {
      const [first = ''] = execFileSync(file, args, { encoding: 'utf8' }).split('\n');
      return `${file}: ${first}`;
    }),
  ];
}

import { shown, type Field } from './field.js';

/** CPU_MAXSIZE of sys/cpuset.h. */
const most = 1024;

/** Numbers of processors as in "0-3,7", rising and each once. */
export function readCpus(field: Field): number[] {
  const cpus = new Set<number>();
  for (const part of field.text().trim().split(',')) {
    const [, first = '', last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim()) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (first === '' || from > to) field.invalid(`${shown(part)} is no list such as 0-3,7`);
    if (to >= most) field.invalid(`processor ${to} is not below ${most}`);
    for (let cpu = from; cpu <= to; cpu++) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

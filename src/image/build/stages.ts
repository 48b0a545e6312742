import { ImageError } from '../error.js';
import type { Containerfile, Stage } from './containerfile/parse.js';

/** The stage that was asked for by name or number; the last when none was. @throws ImageError not-found */
export function targetStage({ stages, file }: Containerfile, target: string | undefined): number {
  if (target === undefined) return stages.length - 1;
  const index = stageNumber(stages, target);
  if (index !== undefined) return index;
  const names = stages.flatMap(({ from }) => from.name ?? []).join(', ');
  throw new ImageError(
    'not-found',
    `${file} has no stage ${JSON.stringify(target)}; it has ${names || 'none with a name'}`,
  );
}

/** @returns undefined when it names no stage, and therefore an image */
export function stageNumber(
  stages: readonly Stage[],
  name: string,
  before = stages.length,
): number | undefined {
  const index = stages.findIndex(({ from }) => from.name === name.toLowerCase());
  if (index !== -1 && index < before) return index;
  return /^\d+$/.test(name) && Number(name) < before ? Number(name) : undefined;
}

/**
 * The stages that a stage needs, itself included, in their order: a stage that nothing needs is not built.
 *
 * @param images tells the base of a stage, expanded
 */
export function neededStages(
  { stages }: Containerfile,
  target: number,
  images: (index: number) => string,
): readonly number[] {
  const needed = new Set<number>();
  const visit = (index: number): void => {
    if (needed.has(index)) return;
    needed.add(index);
    const base = stageNumber(stages, images(index), index);
    const others = (stages[index]?.body ?? []).flatMap((instruction) => {
      if (instruction.kind === 'copy') return instruction.from ?? [];
      return instruction.kind === 'run' ? instruction.mounts.flatMap(({ from }) => from ?? []) : [];
    });
    for (const name of others) {
      const other = stageNumber(stages, name, index);
      if (other !== undefined) visit(other);
    }
    if (base !== undefined) visit(base);
  };
  visit(target);
  return [...needed].sort((a, b) => a - b);
}

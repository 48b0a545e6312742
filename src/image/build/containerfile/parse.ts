import { refuse, shown } from './error.js';
import type { From, Placed, Body } from './instructions.js';
import { parseBody } from './body.js';
import { parseFrom } from './from.js';
import { parseArguments } from './pairs.js';
import { splitLines, type Line } from './lines.js';

/** What one FROM begins. */
export interface Stage {
  readonly from: Placed<From>;
  readonly body: readonly Placed<Body>[];
}

/** A Containerfile, read. */
export interface Containerfile {
  /** its name in errors */
  readonly file: string;
  readonly escape: string;
  /** ARGs before the first FROM: known to FROM alone, and to stages that name them again */
  readonly globals: readonly (readonly [name: string, value: string | undefined])[];
  readonly stages: readonly Stage[];
}

/** More stages or instructions than this are refused. */
const most = 2000;

/** Reads a Containerfile. @throws ImageError invalid: `file:line: why` */
export function parseContainerfile(file: string, text: string): Containerfile {
  const { escape, lines } = splitLines(file, text);
  if (lines.length > most) refuse(file, lines[most]?.line ?? 1, `more than ${most} instructions`);
  const globals: (readonly [string, string | undefined])[] = [];
  const stages: { from: Placed<From>; body: Placed<Body>[] }[] = [];
  for (const line of lines) {
    const stage = stages.at(-1);
    if (line.keyword === 'FROM') {
      const from = parseFrom(file, line);
      const same = stages.find((other) => from.name !== undefined && other.from.name === from.name);
      if (same)
        refuse(
          file,
          line.line,
          `a second stage ${shown(from.name ?? '')}; the first is in line ${same.from.line}`,
        );
      stages.push({ from: place(from, line), body: [] });
    } else if (stage !== undefined) {
      stage.body.push(place(parseBody(file, escape, line), line));
    } else if (line.keyword === 'ARG') {
      globals.push(...parseArguments(file, line, escape));
    } else {
      refuse(file, line.line, `${shown(line.keyword)} before the first FROM; only ARG may stand there`);
    }
  }
  if (stages.length === 0)
    refuse(file, 1, 'no FROM: a Containerfile begins with the image that it builds upon');
  return { file, escape, globals, stages };
}

/** Reads one instruction of an image's ONBUILD. @throws ImageError invalid */
export function parseTrigger(file: string, instruction: string): readonly Placed<Body>[] {
  const { escape, lines } = splitLines(file, instruction);
  return lines.map((line) => place(parseBody(file, escape, line), line));
}

function place<T extends object>(instruction: T, { line, keyword, rest }: Line): Placed<T> {
  return { ...instruction, line, text: `${keyword} ${rest}` };
}

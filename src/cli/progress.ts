import type { Progress, ReportProgress } from '../image/progress.js';
import { size } from './table.js';

/** Shows long work on a terminal, a line for each piece of it. */
export interface ProgressBars {
  readonly report: ReportProgress;
  /** Leaves the lines as they are, so that others can be written below. */
  readonly end: () => void;
}

/** Milliseconds between two drawings. */
const interval = 100;
const barWidth = 24;

/** @param terminal standard error, or undefined when that is none: nothing is shown then */
export function progressBars(
  terminal: { write(text: string): unknown; readonly columns?: number } | undefined,
): ProgressBars {
  if (terminal === undefined) return { report: () => undefined, end: () => undefined };
  const pieces = new Map<string, Progress>();
  let drawn = 0;
  let timer: NodeJS.Timeout | undefined;

  const draw = (): void => {
    timer = undefined;
    const width = Math.max(20, (terminal.columns ?? 80) - 1);
    const lines = [...pieces.values()].map((piece) => `\r${line(piece).slice(0, width)}\u001b[K\n`);
    terminal.write(`${drawn > 0 ? `\u001b[${drawn}A` : ''}${lines.join('')}`);
    drawn = lines.length;
  };
  return {
    report: (progress) => {
      pieces.set(`${progress.what} ${progress.id}`, progress);
      timer ??= setTimeout(draw, interval);
    },
    end: () => {
      if (timer !== undefined) clearTimeout(timer);
      if (pieces.size > 0) draw();
      pieces.clear();
      drawn = 0;
    },
  };
}

function line({ id, what, done, total, state }: Progress): string {
  const name = id.replace(/^sha(?:256|512):/, '').slice(0, 12);
  const bytes = total === undefined ? size(done) : `${size(done)} of ${size(total)}`;
  const share = total === undefined || total === 0 ? (state === 'done' ? 1 : 0) : Math.min(1, done / total);
  const full = Math.round(share * barWidth);
  return `${name.padEnd(12)}  ${what.padEnd(9)}  [${'='.repeat(full)}${' '.repeat(barWidth - full)}]  ${state === 'running' ? bytes : state}`;
}

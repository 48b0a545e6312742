import type { Heredoc } from './lines.js';

/** What is to run: a list of words, or a line for the shell. */
export type Command =
  | { readonly form: 'exec'; readonly words: readonly string[] }
  | { readonly form: 'shell'; readonly line: string };

/** `--mount=` of RUN; words are not yet expanded. */
export interface RunMount {
  readonly type: 'bind' | 'cache' | 'tmpfs' | 'secret';
  readonly target?: string;
  readonly source?: string;
  /** a stage or an image */
  readonly from?: string;
  readonly id?: string;
  readonly readonly?: boolean;
  readonly required?: boolean;
  readonly size?: string;
  readonly mode?: string;
  readonly uid?: string;
  readonly gid?: string;
  /** of a secret: the variable that it becomes */
  readonly env?: string;
}

/** A file of COPY that stands in the Containerfile itself. */
export interface InlineFile extends Heredoc {
  readonly kind: 'inline';
}

/** A source of COPY or ADD. */
export type CopySource = { readonly kind: 'path'; readonly path: string } | InlineFile;

export interface Copy {
  readonly kind: 'copy';
  /** ADD unpacks archives and downloads */
  readonly add: boolean;
  readonly sources: readonly CopySource[];
  readonly target: string;
  readonly from?: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly checksum?: string;
  readonly exclude: readonly string[];
  readonly parents: boolean;
  readonly unpack?: boolean;
}

export interface Run {
  readonly kind: 'run';
  readonly command: Command;
  /** a script that names its interpreter in its first line */
  readonly script?: string;
  readonly mounts: readonly RunMount[];
  readonly network: 'default' | 'none' | 'host';
}

export interface HealthCheckInstruction {
  readonly kind: 'healthcheck';
  /** undefined: NONE */
  readonly command?: Command;
  /** nanoseconds */
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}

/** The first instruction of a stage. */
export interface From {
  readonly kind: 'from';
  /** not expanded: an image, an earlier stage or `scratch` */
  readonly image: string;
  readonly platform?: string;
  readonly name?: string;
}

/** Names and values, neither expanded. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** An instruction within a stage. Words are as they are written, with variables, quotes and escapes. */
export type Body =
  | Run
  | Copy
  | HealthCheckInstruction
  | { readonly kind: 'arg'; readonly args: readonly (readonly [name: string, value: string | undefined])[] }
  | { readonly kind: 'env'; readonly pairs: Pairs }
  | { readonly kind: 'label'; readonly pairs: Pairs }
  | { readonly kind: 'workdir'; readonly path: string }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'expose'; readonly ports: readonly string[] }
  | { readonly kind: 'volume'; readonly paths: readonly string[] }
  | { readonly kind: 'entrypoint'; readonly command: Command }
  | { readonly kind: 'cmd'; readonly command: Command }
  | { readonly kind: 'shell'; readonly words: readonly string[] }
  | { readonly kind: 'stopsignal'; readonly signal: string }
  | { readonly kind: 'maintainer'; readonly name: string }
  | { readonly kind: 'onbuild'; readonly instruction: string };

/** An instruction with its place, for errors and for the history of the image. */
export type Placed<T> = T & { readonly line: number; readonly text: string };

export type Instruction = From | Body;
